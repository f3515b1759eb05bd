// Adam and its nearest relatives.
#include "tests/optim/transcriptions/transcriptions.h"

namespace gradus::optim {
namespace {

// Kingma & Ba (2015), Algorithm 1; with bias_correction 0 without its step "compute bias-corrected estimates".
Path adam(const Problem& problem, const Values& h) {
  const double alpha = h("learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), epsilon = h("epsilon");
  const bool corrected = h("bias_correction") != 0;
  Vector theta = problem.start, m(theta.size()), v(theta.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, theta);
    for (std::size_t i = 0; i < theta.size(); ++i) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
      const double m_hat = corrected ? m[i] / (1 - std::pow(beta1, t)) : m[i];
      const double v_hat = corrected ? v[i] / (1 - std::pow(beta2, t)) : v[i];
      theta[i] = theta[i] - alpha * m_hat / (std::sqrt(v_hat) + epsilon);
    }
    path.push_back(theta);
  }
  return path;
}

// Reddi, Kale & Kumar (2018), Algorithm 2, with Adam's two corrections: the second is of the maximum.
Path amsgrad(const Problem& problem, const Values& h) {
  const double alpha = h("learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), epsilon = h("epsilon");
  Vector x = problem.start, m(x.size()), v(x.size()), v_largest(x.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * std::pow(g[i], 2);
      if (v[i] > v_largest[i]) v_largest[i] = v[i];
      const double step_size = alpha / (1 - std::pow(beta1, t));
      x[i] -= step_size * m[i] / (std::sqrt(v_largest[i]) / std::sqrt(1 - std::pow(beta2, t)) + epsilon);
    }
    path.push_back(x);
  }
  return path;
}

// Loshchilov & Hutter (2019), Algorithm 2, lines 6-12; the decay is multiplied by the rate:
//   theta_t = theta_{t-1} - alpha (m^ / (sqrt(v^) + epsilon) + lambda theta_{t-1}).
Path adamw(const Problem& problem, const Values& h) {
  const double alpha = h("learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), epsilon = h("epsilon");
  const double lambda = h("weight_decay");
  Vector theta = problem.start, m(theta.size()), v(theta.size());
  double beta1_to_t = 1, beta2_to_t = 1;
  Path path;
  for (int t = 1; t <= steps; ++t) {
    beta1_to_t *= beta1;
    beta2_to_t *= beta2;
    const Vector g = gradient_at(problem, theta);
    for (std::size_t i = 0; i < theta.size(); ++i) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
      const double m_hat = m[i] / (1 - beta1_to_t), v_hat = v[i] / (1 - beta2_to_t);
      theta[i] = theta[i] - alpha * (m_hat / (std::sqrt(v_hat) + epsilon) + lambda * theta[i]);
    }
    path.push_back(theta);
  }
  return path;
}

// The same with the largest second moment so far (Reddi, Kale & Kumar 2018).
Path adamw_amsgrad(const Problem& problem, const Values& h) {
  const double alpha = h("learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), epsilon = h("epsilon");
  const double lambda = h("weight_decay");
  Vector theta = problem.start, m(theta.size()), v(theta.size()), v_bar(theta.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, theta);
    for (std::size_t i = 0; i < theta.size(); ++i) {
      m[i] += (1 - beta1) * (g[i] - m[i]);
      v[i] += (1 - beta2) * (g[i] * g[i] - v[i]);
      v_bar[i] = std::max(v_bar[i], v[i]);
      const double m_hat = m[i] / (1 - std::pow(beta1, t)), v_hat = v_bar[i] / (1 - std::pow(beta2, t));
      const double decayed = theta[i] - alpha * lambda * theta[i];
      theta[i] = decayed - alpha * m_hat / (epsilon + std::sqrt(v_hat));
    }
    path.push_back(theta);
  }
  return path;
}

// Kingma & Ba (2015), Algorithm 2: the moment of infinite order needs no correction. PyTorch adds epsilon to |g|.
Path adamax(const Problem& problem, const Values& h) {
  const double alpha = h("learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), epsilon = h("epsilon");
  Vector theta = problem.start, m(theta.size()), u(theta.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, theta);
    for (std::size_t i = 0; i < theta.size(); ++i) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      u[i] = std::max(beta2 * u[i], std::abs(g[i]) + epsilon);
      theta[i] = theta[i] - alpha / (1 - std::pow(beta1, t)) * m[i] / u[i];
    }
    path.push_back(theta);
  }
  return path;
}

// Dozat (2016), Algorithm 2; the schedule of mu_t is PyTorch's, which spreads his by a decay psi:
//   mu_t = beta1 (1 - 0.96^(t psi) / 2).
Path nadam(const Problem& problem, const Values& h) {
  const double alpha = h("learning_rate"), beta1 = h("beta1"), nu = h("beta2"), epsilon = h("epsilon");
  const double psi = h("momentum_decay");
  const auto mu = [&](int t) { return beta1 * (1 - 0.5 * std::pow(0.96, t * psi)); };
  Vector theta = problem.start, m(theta.size()), n(theta.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    double product = 1;
    for (int i = 1; i <= t; ++i) product *= mu(i);
    const Vector g = gradient_at(problem, theta);
    for (std::size_t i = 0; i < theta.size(); ++i) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      n[i] = nu * n[i] + (1 - nu) * g[i] * g[i];
      const double g_hat = g[i] / (1 - product), m_hat = m[i] / (1 - product * mu(t + 1));
      const double n_hat = n[i] / (1 - std::pow(nu, t));
      const double m_bar = (1 - mu(t)) * g_hat + mu(t + 1) * m_hat;
      theta[i] = theta[i] - alpha * m_bar / (std::sqrt(n_hat) + epsilon);
    }
    path.push_back(theta);
  }
  return path;
}

// Liu, Jiang, He, Chen, Liu, Gao & Han (2020), Algorithm 2. PyTorch rectifies where rho_t > 5, not 4, and adds epsilon
// to the root of v before its correction: l_t = sqrt(1 - beta2^t) / (sqrt(v_t) + epsilon).
Path radam(const Problem& problem, const Values& h) {
  const double alpha = h("learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), epsilon = h("epsilon");
  const double rho_infinity = 2 / (1 - beta2) - 1;
  Vector theta = problem.start, m(theta.size()), v(theta.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, theta);
    const double beta2_t = std::pow(beta2, t), rho = rho_infinity - 2 * t * beta2_t / (1 - beta2_t);
    for (std::size_t i = 0; i < theta.size(); ++i) {
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      const double m_hat = m[i] / (1 - std::pow(beta1, t));
      if (rho > 5) {
        const double l = std::sqrt(1 - beta2_t) / (std::sqrt(v[i]) + epsilon);
        const double r =
            std::sqrt((rho - 4) * (rho - 2) * rho_infinity / ((rho_infinity - 4) * (rho_infinity - 2) * rho));
        theta[i] = theta[i] - alpha * r * m_hat * l;
      } else {
        theta[i] = theta[i] - alpha * m_hat;
      }
    }
    path.push_back(theta);
  }
  return path;
}

}  // namespace

Transcriptions adam() {
  return {
      {
          {"adam", "adam", adam, {0.05, 0.02, 0.01, 0.05}, {}},
          {"adam_other", "adam", adam, {0.1, 0.05, 0.01, 0.1}, {{"beta1", 0.7}, {"beta2", 0.95}, {"epsilon", 1e-2}}},
          {"adam_with_amsgrad", "adam", amsgrad, {0.05, 0.05, 0.02, 0.05}, {{"amsgrad", 1}, {"beta2", 0.9}}},
          {"adam_with_amsgrad_other",
           "adam",
           amsgrad,
           {0.1, 0.02, 0.01, 0.1},
           {{"amsgrad", 1}, {"beta1", 0.5}, {"beta2", 0.8}, {"epsilon", 1e-2}}},
          {"adam_without_bias_correction",
           "adam",
           adam,
           {0.02, 0.005, 0.005, 0.02},
           {{"bias_correction", 0}, {"beta1", 0.8}, {"beta2", 0.95}}},
          {"amsgrad", "amsgrad", amsgrad, {0.05, 0.05, 0.02, 0.05}, {}},
          {"amsgrad_other",
           "amsgrad",
           amsgrad,
           {0.1, 0.02, 0.01, 0.1},
           {{"beta1", 0.5}, {"beta2", 0.8}, {"epsilon", 1e-2}}},
          {"adamw", "adamw", adamw, {0.05, 0.02, 0.01, 0.05}, {}},
          {"adamw_other",
           "adamw",
           adamw,
           {0.1, 0.02, 0.01, 0.1},
           {{"weight_decay", 0.4}, {"beta1", 0.8}, {"beta2", 0.9}, {"epsilon", 1e-2}}},
          {"adamw_amsgrad",
           "adamw",
           adamw_amsgrad,
           {0.05, 0.05, 0.02, 0.05},
           {{"amsgrad", 1}, {"weight_decay", 0.2}, {"beta2", 0.9}, {"epsilon", 1e-3}}},
          {"adamax", "adamax", adamax, {0.05, 0.02, 0.01, 0.05}, {}},
          {"adamax_other",
           "adamax",
           adamax,
           {0.05, 0.002, 0.01, 0.05},
           {{"beta1", 0.7}, {"beta2", 0.9}, {"epsilon", 1e-2}}},
          {"nadam", "nadam", nadam, {0.05, 0.02, 0.004, 0.05}, {}},
          {"nadam_other",
           "nadam",
           nadam,
           {0.05, 0.02, 0.01, 0.05},
           {{"beta1", 0.7}, {"beta2", 0.95}, {"epsilon", 1e-2}, {"momentum_decay", 0.3}}},
          {"radam", "radam", radam, {0.05, 1e-3, 0.02, 0.05}, {}},
          {"radam_other",
           "radam",
           radam,
           {0.05, 1e-3, 0.02, 0.05},
           {{"beta1", 0.7}, {"beta2", 0.95}, {"epsilon", 1e-2}}},
          // rho_infinity = 9 (rectified late) and 3 (never).
          {"radam_short", "radam", radam, {0.05, 1e-4, 0.02, 0.005}, {{"beta2", 0.8}}},
          {"radam_never", "radam", radam, {0.05, 1e-4, 0.05, 0.05}, {{"beta2", 0.5}}},
      },
      {{"adam",
        {{"learning_rate", 1e-3},
         {"beta1", 0.9},
         {"beta2", 0.999},
         {"epsilon", 1e-8},
         {"amsgrad", 0},
         {"bias_correction", 1}}},
       {"amsgrad", {{"learning_rate", 1e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-8}}},
       {"adamw",
        {{"learning_rate", 1e-3},
         {"beta1", 0.9},
         {"beta2", 0.999},
         {"epsilon", 1e-8},
         {"amsgrad", 0},
         {"weight_decay", 0.01}}},
       {"adamax", {{"learning_rate", 2e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-8}}},
       {"nadam",
        {{"learning_rate", 2e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-8}, {"momentum_decay", 0.004}}},
       {"radam", {{"learning_rate", 1e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-8}}}}};
}

}  // namespace gradus::optim
