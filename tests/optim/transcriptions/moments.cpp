// Moments of other kinds than Adam's.
#include "tests/optim/transcriptions/transcriptions.h"

namespace gradus::optim {
namespace {

// Zhuang, Tang, Ding, Tatikonda, Dvornek, Papademetris & Duncan (2020), Algorithm 2: the square of the surprise g - m,
// by the new m; epsilon is added to s at each step, and to its root.
Path adabelief(const Problem& problem, const Values& h) {
  const double alpha = h("learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), epsilon = h("epsilon");
  Vector theta = problem.start, m(theta.size()), s(theta.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, theta);
    for (std::size_t i = 0; i < theta.size(); ++i) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      s[i] = beta2 * s[i] + (1 - beta2) * (g[i] - m[i]) * (g[i] - m[i]) + epsilon;
      const double m_hat = m[i] / (1 - std::pow(beta1, t)), s_hat = s[i] / (1 - std::pow(beta2, t));
      theta[i] = theta[i] - alpha * m_hat / (std::sqrt(s_hat) + epsilon);
    }
    path.push_back(theta);
  }
  return path;
}

// Zaheer, Reddi, Sachan, Kale & Kumar (2018), Algorithm 2; v starts at a constant.
Path yogi(const Problem& problem, const Values& h) {
  const double eta = h("learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), epsilon = h("epsilon");
  Vector x = problem.start, m(x.size()), v(x.size(), h("initial_accumulator"));
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      const double square = g[i] * g[i], sign = v[i] > square ? 1 : v[i] < square ? -1 : 0;
      v[i] = v[i] - (1 - beta2) * sign * square;
      x[i] = x[i] - eta * m[i] / (std::sqrt(v[i]) + epsilon);
    }
    path.push_back(x);
  }
  return path;
}

// Xie, Zhou, Li, Lin & Yan (2024), Algorithm 1 in their own betas, which weigh the new (1 - ours), with the corrections
// that their program has and no difference in the first step.
Path adan(const Problem& problem, const Values& h) {
  const double eta = h("learning_rate"), epsilon = h("epsilon"), lambda = h("weight_decay");
  const double beta1 = 1 - h("beta1"), beta2 = 1 - h("beta2"), beta3 = 1 - h("beta3");
  Vector theta = problem.start, m(theta.size()), v(theta.size()), n(theta.size()), previous;
  Path path;
  for (int k = 1; k <= steps; ++k) {
    const Vector g = gradient_at(problem, theta);
    if (previous.empty()) previous = g;
    for (std::size_t i = 0; i < theta.size(); ++i) {
      m[i] = (1 - beta1) * m[i] + beta1 * g[i];
      v[i] = (1 - beta2) * v[i] + beta2 * (g[i] - previous[i]);
      n[i] = (1 - beta3) * n[i] + beta3 * std::pow(g[i] + (1 - beta2) * (g[i] - previous[i]), 2);
      const double m_hat = m[i] / (1 - std::pow(1 - beta1, k)), v_hat = v[i] / (1 - std::pow(1 - beta2, k));
      const double n_hat = n[i] / (1 - std::pow(1 - beta3, k));
      const double eta_k = eta / (std::sqrt(n_hat) + epsilon);
      theta[i] = 1 / (1 + lambda * eta) * (theta[i] - eta_k * (m_hat + (1 - beta2) * v_hat));
    }
    previous = g;
    path.push_back(theta);
  }
  return path;
}

// Pagliardini, Ablin & Grangier (2025), Algorithm 1, with its schedules of alpha and beta3 until the step T.
Path ademamix(const Problem& problem, const Values& h) {
  const double eta = h("learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), beta3_end = h("beta3");
  const double alpha_end = h("alpha"), epsilon = h("epsilon"), lambda = h("weight_decay"), horizon = h("warmup_steps");
  Vector theta = problem.start, m1(theta.size()), m2(theta.size()), nu(theta.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    double alpha = alpha_end, beta3 = beta3_end;
    if (horizon > 0) {
      const double part = std::min(t / horizon, 1.0);  // beyond T the formula would leave the end behind
      alpha = std::min(part * alpha_end, alpha_end);
      const double between = (1 - part) * std::log(beta3_end) + part * std::log(beta1);
      beta3 = std::min(std::exp(std::log(beta1) * std::log(beta3_end) / between), beta3_end);
    }
    const Vector g = gradient_at(problem, theta);
    for (std::size_t i = 0; i < theta.size(); ++i) {
      m1[i] = beta1 * m1[i] + (1 - beta1) * g[i];
      m2[i] = beta3 * m2[i] + (1 - beta3) * g[i];
      nu[i] = beta2 * nu[i] + (1 - beta2) * g[i] * g[i];
      const double m1_hat = m1[i] / (1 - std::pow(beta1, t)), nu_hat = nu[i] / (1 - std::pow(beta2, t));
      theta[i] -= eta * ((m1_hat + alpha * m2[i]) / (std::sqrt(nu_hat) + epsilon) + lambda * theta[i]);
    }
    path.push_back(theta);
  }
  return path;
}

// Taniguchi, Harada, Minegishi, Oshima, Jeong, Nagahara, Iiyama, Suzuki, Iwasawa & Matsuo (2024), Algorithm 2: the step
// uses v_{t-1}, and v_0 = g_0^2 costs a step of its own; n is clipped at t^(1/4).
Path adopt(const Problem& problem, const Values& h) {
  const double alpha = h("learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), epsilon = h("epsilon");
  Vector theta = problem.start, m(theta.size()), v = gradient_at(problem, theta);
  for (double& e : v) e = e * e;
  Path path{theta};
  for (int t = 1; t < steps; ++t) {
    const Vector g = gradient_at(problem, theta);
    const double c = std::sqrt(std::sqrt(t));
    for (std::size_t i = 0; i < theta.size(); ++i) {
      const double n = std::clamp(g[i] / std::max(std::sqrt(v[i]), epsilon), -c, c);
      m[i] = beta1 * m[i] + (1 - beta1) * n;
      theta[i] = theta[i] - alpha * m[i];
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
    }
    path.push_back(theta);
  }
  return path;
}

// Defazio & Mishchenko (2023), Algorithm 5, with the weighted product of their program (the v before the step) and its
// decoupled weight decay.
Path dadapt_adam(const Problem& problem, const Values& h) {
  const double gamma = h("learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), epsilon = h("epsilon");
  const double lambda = h("weight_decay"), b = std::sqrt(beta2);
  Vector x = problem.start, m(x.size()), v(x.size()), s(x.size());
  double d = h("initial_distance"), r = 0;
  Path path;
  for (int k = 0; k < steps; ++k) {
    const Vector g = gradient_at(problem, x);
    double product = 0, norm = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      product += g[i] * s[i] / (std::sqrt(v[i]) + epsilon);
      m[i] = beta1 * m[i] + (1 - beta1) * d * gamma * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
      s[i] = b * s[i] + (1 - b) * d * gamma * g[i];
      norm += std::abs(s[i]);
      x[i] = x[i] - d * gamma * lambda * x[i] - m[i] / (std::sqrt(v[i]) + epsilon);
    }
    r = b * r + (1 - b) * d * gamma * product;
    d = std::max(d, r / ((1 - b) * norm));
    path.push_back(x);
  }
  return path;
}

}  // namespace

Transcriptions moments() {
  return {
      {
          {"adopt", "adopt", adopt, {0.05, 0.02, 0.01, 0.05}, {}},
          {"adopt_other",
           "adopt",
           adopt,
           {0.05, 0.02, 0.01, 0.05},
           {{"beta1", 0.7}, {"beta2", 0.95}, {"epsilon", 1e-2}}},
          {"dadapt_adam",
           "dadapt_adam",
           dadapt_adam,
           {0.5, 0.5, 0.2, 0.2},
           {{"epsilon", 1e-2}, {"initial_distance", 1e-2}}},
          {"dadapt_adam_other",
           "dadapt_adam",
           dadapt_adam,
           {0.2, 0.2, 0.1, 0.1},
           {{"beta1", 0.7}, {"beta2", 0.95}, {"epsilon", 0.1}, {"weight_decay", 0.2}, {"initial_distance", 1e-2}}},
          {"adabelief", "adabelief", adabelief, {0.05, 0.02, 0.01, 0.05}, {}},
          {"adabelief_other",
           "adabelief",
           adabelief,
           {0.05, 0.02, 0.01, 0.05},
           {{"beta1", 0.7}, {"beta2", 0.95}, {"epsilon", 1e-3}}},
          {"yogi", "yogi", yogi, {0.02, 0.05, 0.01, 0.02}, {}},
          {"yogi_other",
           "yogi",
           yogi,
           {0.05, 0.02, 0.01, 0.05},
           {{"beta1", 0.7}, {"beta2", 0.9}, {"epsilon", 1e-2}, {"initial_accumulator", 0.1}}},
          {"adan", "adan", adan, {0.05, 0.02, 0.01, 0.05}, {}},
          {"adan_other",
           "adan",
           adan,
           {0.05, 0.02, 0.01, 0.05},
           {{"beta1", 0.9}, {"beta2", 0.8}, {"beta3", 0.95}, {"epsilon", 1e-2}, {"weight_decay", 0.2}}},
          {"ademamix", "ademamix", ademamix, {0.05, 0.02, 0.01, 0.05}, {}},
          {"ademamix_other",
           "ademamix",
           ademamix,
           {0.05, 0.02, 0.01, 0.05},
           {{"beta1", 0.7}, {"beta2", 0.95}, {"beta3", 0.99}, {"alpha", 3}, {"epsilon", 1e-2}, {"weight_decay", 0.2}}},
          {"ademamix_warmup", "ademamix", ademamix, {0.05, 0.02, 0.01, 0.05}, {{"warmup_steps", 60}, {"beta3", 0.98}}},
          // beta3 below beta1, from which the schedule would start.
          {"ademamix_capped", "ademamix", ademamix, {0.02, 0.01, 0.003, 0.01}, {{"warmup_steps", 60}, {"beta3", 0.8}}},
      },
      {{"adopt", {{"learning_rate", 1e-3}, {"beta1", 0.9}, {"beta2", 0.9999}, {"epsilon", 1e-6}}},
       {"dadapt_adam",
        {{"learning_rate", 1},
         {"beta1", 0.9},
         {"beta2", 0.999},
         {"epsilon", 1e-8},
         {"weight_decay", 0},
         {"initial_distance", 1e-6}}},
       {"adabelief", {{"learning_rate", 1e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-16}}},
       {"yogi",
        {{"learning_rate", 0.01}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-3}, {"initial_accumulator", 1e-6}}},
       {"adan",
        {{"learning_rate", 1e-3},
         {"beta1", 0.98},
         {"beta2", 0.92},
         {"beta3", 0.99},
         {"epsilon", 1e-8},
         {"weight_decay", 0}}},
       {"ademamix",
        {{"learning_rate", 1e-3},
         {"beta1", 0.9},
         {"beta2", 0.999},
         {"beta3", 0.9999},
         {"alpha", 8},
         {"epsilon", 1e-8},
         {"weight_decay", 0},
         {"warmup_steps", 0}}}}};
}

}  // namespace gradus::optim
