// Steps that depend on signs alone. They are as exact as the others here: a difference of rounding could turn a sign
// only where a gradient is some 1e-15, and at these rates none comes near.
#include "tests/optim/transcriptions/transcriptions.h"

namespace gradus::optim {
namespace {

double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

// Bernstein, Wang, Azizzadenesheli & Anandkumar (2018), Algorithm 1.
Path sign_descent(const Problem& problem, const Values& h) {
  const double delta = h("learning_rate");
  Vector x = problem.start;
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, x);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] -= delta * sign(g[i]);
    path.push_back(x);
  }
  return path;
}

// Riedmiller & Braun (1993) without taking steps back: Igel & Huesken (2000), iRprop-.
Path rprop(const Problem& problem, const Values& h) {
  const double eta_plus = h("increase"), eta_minus = h("decrease");
  const double delta_min = h("smallest_step"), delta_max = h("largest_step");
  Vector w = problem.start, delta(w.size(), h("learning_rate")), previous(w.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    Vector g = gradient_at(problem, w);
    for (std::size_t i = 0; i < w.size(); ++i) {
      if (previous[i] * g[i] > 0) {
        delta[i] = std::min(delta[i] * eta_plus, delta_max);
      } else if (previous[i] * g[i] < 0) {
        delta[i] = std::max(delta[i] * eta_minus, delta_min);
        g[i] = 0;
      }
      w[i] = w[i] - sign(g[i]) * delta[i];
    }
    previous = g;
    path.push_back(w);
  }
  return path;
}

// Chen, Liang, Huang, Real, Wang, Pham et al. (2023), Algorithm 2.
Path lion(const Problem& problem, const Values& h) {
  const double eta = h("learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), lambda = h("weight_decay");
  Vector theta = problem.start, m(theta.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, theta);
    for (std::size_t i = 0; i < theta.size(); ++i) {
      const double c = beta1 * m[i] + (1 - beta1) * g[i];
      theta[i] = theta[i] - eta * (sign(c) + lambda * theta[i]);
      m[i] = beta2 * m[i] + (1 - beta2) * g[i];
    }
    path.push_back(theta);
  }
  return path;
}

}  // namespace

Transcriptions sign() {
  return {
      {
          {"signsgd", "signsgd", sign_descent, {0.011, 0.013, 0.003, 0.011}, {}},
          {"rprop", "rprop", rprop, {0.01, 0.01, 0.01, 0.01}, {}},
          {"rprop_other",
           "rprop",
           rprop,
           {0.03, 0.02, 0.01, 0.03},
           {{"increase", 1.4}, {"decrease", 0.3}, {"smallest_step", 1e-3}, {"largest_step", 0.07}}},
          {"lion", "lion", lion, {0.011, 0.013, 0.003, 0.011}, {}},
          {"lion_other",
           "lion",
           lion,
           {0.011, 0.013, 0.003, 0.011},
           {{"beta1", 0.7}, {"beta2", 0.9}, {"weight_decay", 0.3}}},
      },
      {{"signsgd", {{"learning_rate", 1e-3}}},
       {"rprop",
        {{"learning_rate", 0.01}, {"increase", 1.2}, {"decrease", 0.5}, {"smallest_step", 1e-6}, {"largest_step", 50}}},
       {"lion", {{"learning_rate", 1e-4}, {"beta1", 0.9}, {"beta2", 0.99}, {"weight_decay", 0}}}}};
}

}  // namespace gradus::optim
