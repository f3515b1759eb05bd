// Steps scaled by the norms of layers, or of everything.
#include "tests/optim/transcriptions/transcriptions.h"

namespace gradus::optim {
namespace {

// Euclidean, of one slice.
double norm(const Vector& v, const ParameterSlice& slice) {
  double sum = 0;
  for (std::int64_t i = 0; i < slice.size(); ++i) sum += std::pow(v[static_cast<std::size_t>(slice.offset + i)], 2);
  return std::sqrt(sum);
}

// You, Li, Reddi, Hseu, Kumar, Bhojanapalli et al. (2020), Algorithm 2, with phi(z) = z.
Path lamb(const Problem& problem, const Values& h) {
  const double eta = h("learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), epsilon = h("epsilon");
  const double lambda = h("weight_decay");
  Vector x = problem.start, m(x.size()), v(x.size()), update(x.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
      const double r = m[i] / (1 - std::pow(beta1, t)) / (std::sqrt(v[i] / (1 - std::pow(beta2, t))) + epsilon);
      update[i] = r + lambda * x[i];
    }
    for (const ParameterSlice& slice : problem.slices) {
      const double of_x = norm(x, slice), of_update = norm(update, slice);
      const double ratio = of_x == 0 || of_update == 0 ? 1 : of_x / of_update;
      const auto first = static_cast<std::size_t>(slice.offset), end = first + static_cast<std::size_t>(slice.size());
      for (std::size_t i = first; i < end; ++i) x[i] = x[i] - eta * ratio * update[i];
    }
    path.push_back(x);
  }
  return path;
}

// You, Gitman & Ginsburg (2017), Algorithm 1 with a constant rate gamma.
Path lars(const Problem& problem, const Values& h) {
  const double gamma = h("learning_rate"), m = h("momentum"), beta = h("weight_decay"), eta = h("trust_coefficient");
  Vector w = problem.start, v(w.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, w);
    for (const ParameterSlice& slice : problem.slices) {
      const double of_w = norm(w, slice), of_g = norm(g, slice);
      const double lambda = of_w > 0 && of_g > 0 ? eta * of_w / (of_g + beta * of_w) : 1;
      const auto first = static_cast<std::size_t>(slice.offset), end = first + static_cast<std::size_t>(slice.size());
      for (std::size_t i = first; i < end; ++i) {
        v[i] = m * v[i] + gamma * lambda * (g[i] + beta * w[i]);
        w[i] = w[i] - v[i];
      }
    }
    path.push_back(w);
  }
  return path;
}

double root_mean_square(const Vector& v) {
  double sum = 0;
  for (const double x : v) sum += x * x;
  return std::sqrt(sum / static_cast<double>(v.size()));
}

// Shazeer & Stern (2018), Algorithm 4 for matrices [n, m] and 5 for vectors, without a first moment, on one slice. In
// the paper's sums (R 1_m and 1_n C): V = R C / (1_n R).
Vector adafactor_second_moment(const ParameterSlice& slice, const Vector& squares, double beta2, Vector& r, Vector& c) {
  Vector v(squares.size());
  if (slice.shape.rank() < 2) {
    r.resize(squares.size());
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = r[i] = beta2 * r[i] + (1 - beta2) * squares[i];
    return v;
  }
  const auto m = static_cast<std::size_t>(slice.shape[slice.shape.rank() - 1]), n = squares.size() / m;
  r.resize(n), c.resize(m);
  for (double& x : r) x *= beta2;
  for (double& x : c) x *= beta2;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < m; ++j) {
      r[i] += (1 - beta2) * squares[i * m + j];
      c[j] += (1 - beta2) * squares[i * m + j];
    }
  double total = 0;
  for (const double x : r) total += x;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < m; ++j) v[i * m + j] = r[i] * c[j] / total;
  return v;
}

Path adafactor(const Problem& problem, const Values& h) {
  const double rho = h("learning_rate"), epsilon1 = h("epsilon1"), epsilon2 = h("epsilon2"), d = h("clip_threshold");
  Vector theta = problem.start;
  std::vector<Vector> r(problem.slices.size()), c(problem.slices.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector gradient = gradient_at(problem, theta);
    const double beta2 = 1 - std::pow(t, -h("decay_exponent"));
    for (std::size_t k = 0; k < problem.slices.size(); ++k) {
      const ParameterSlice& slice = problem.slices[k];
      const auto begin = slice.offset, end = begin + slice.size();
      const Vector x(theta.begin() + begin, theta.begin() + end), g(gradient.begin() + begin, gradient.begin() + end);
      Vector squares(x.size()), u(x.size());
      for (std::size_t i = 0; i < x.size(); ++i) squares[i] = g[i] * g[i] + epsilon1;
      const Vector v = adafactor_second_moment(slice, squares, beta2, r[k], c[k]);
      for (std::size_t i = 0; i < x.size(); ++i) u[i] = g[i] / std::sqrt(v[i]);
      const double clipped = std::max(1.0, root_mean_square(u) / d);
      const double alpha = h("scale_parameter") != 0 ? std::max(epsilon2, root_mean_square(x)) * rho : rho;
      for (std::size_t i = 0; i < x.size(); ++i) theta[static_cast<std::size_t>(begin) + i] -= alpha * u[i] / clipped;
    }
    path.push_back(theta);
  }
  return path;
}

// Mishchenko & Defazio (2024), Algorithm 4: one estimate d of the distance to the solution for all of x.
Path prodigy(const Problem& problem, const Values& h) {
  const double gamma = h("learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), epsilon = h("epsilon");
  const double lambda = h("weight_decay"), root = std::sqrt(beta2);
  const Vector x0 = problem.start;
  Vector x = x0, m(x.size()), v(x.size()), s(x.size());
  double d = h("initial_distance"), r = 0;
  Path path;
  for (int k = 1; k <= steps; ++k) {
    const Vector g = gradient_at(problem, x);
    double along = 0, s_norm = 0;
    for (std::size_t i = 0; i < x.size(); ++i) along += g[i] * (x0[i] - x[i]);
    r = root * r + (1 - root) * gamma * d * d * along;
    for (std::size_t i = 0; i < x.size(); ++i) {
      m[i] = beta1 * m[i] + (1 - beta1) * d * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * d * d * g[i] * g[i];
      s[i] = root * s[i] + (1 - root) * gamma * d * d * g[i];
      s_norm += std::abs(s[i]);
      x[i] = x[i] - gamma * d * (m[i] / (std::sqrt(v[i]) + d * epsilon) + lambda * x[i]);
    }
    if (s_norm > 0) d = std::max(d, r / s_norm);
    path.push_back(x);
  }
  return path;
}

}  // namespace

Transcriptions layerwise() {
  return {
      {
          {"lamb", "lamb", lamb, {0.03, 0.01, 0.01, 0.005}, {}},
          {"lamb_other",
           "lamb",
           lamb,
           {0.03, 0.01, 0.01, 0.005},
           {{"beta1", 0.7}, {"beta2", 0.95}, {"epsilon", 1e-2}, {"weight_decay", 0.2}}},
          {"lars", "lars", lars, {1, 0.3, 1, 1}, {}},
          {"lars_other",
           "lars",
           lars,
           {1, 0.3, 1, 0.2},
           {{"momentum", 0.6}, {"trust_coefficient", 0.01}, {"weight_decay", 0.1}}},
          {"adafactor", "adafactor", adafactor, {0.03, 0.01, 0.004, 0.005}, {}},
          {"adafactor_other",
           "adafactor",
           adafactor,
           {0.03, 0.002, 0.02, 0.03},
           {{"decay_exponent", 0.5}, {"epsilon1", 1e-3}, {"epsilon2", 0.4}, {"clip_threshold", 0.5}}},
          {"adafactor_unscaled", "adafactor", adafactor, {0.03, 0.01, 0.004, 0.005}, {{"scale_parameter", 0}}},
          {"prodigy", "prodigy", prodigy, {1, 0.1, 1, 1}, {}},
          {"prodigy_other",
           "prodigy",
           prodigy,
           {0.5, 0.1, 0.5, 0.5},
           {{"beta1", 0.7}, {"beta2", 0.95}, {"epsilon", 1e-2}, {"weight_decay", 0.1}, {"initial_distance", 1e-3}}},
      },
      {{"lamb", {{"learning_rate", 1e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-6}, {"weight_decay", 0.01}}},
       {"lars", {{"learning_rate", 0.1}, {"momentum", 0.9}, {"trust_coefficient", 1e-3}, {"weight_decay", 0}}},
       {"adafactor",
        {{"learning_rate", 0.01},
         {"decay_exponent", 0.8},
         {"epsilon1", 1e-30},
         {"epsilon2", 1e-3},
         {"clip_threshold", 1},
         {"scale_parameter", 1}}},
       {"prodigy",
        {{"learning_rate", 1},
         {"beta1", 0.9},
         {"beta2", 0.999},
         {"epsilon", 1e-8},
         {"weight_decay", 0},
         {"initial_distance", 1e-6}}}}};
}

}  // namespace gradus::optim
