// Steps divided by a mean or a sum of squares, without a first moment.
#include "tests/optim/transcriptions/transcriptions.h"

namespace gradus::optim {
namespace {

// Tieleman & Hinton (2012), lecture 6e.
Path rmsprop(const Problem& problem, const Values& h) {
  const double rate = h("learning_rate"), rho = h("rho"), epsilon = h("epsilon");
  Vector w = problem.start, mean_square(w.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, w);
    for (std::size_t i = 0; i < w.size(); ++i) {
      mean_square[i] = rho * mean_square[i] + (1 - rho) * g[i] * g[i];
      w[i] -= rate * g[i] / (std::sqrt(mean_square[i]) + epsilon);
    }
    path.push_back(w);
  }
  return path;
}

// The same, with momentum of the steps (not of the gradients, which would be divided later).
Path rmsprop_momentum(const Problem& problem, const Values& h) {
  const double rate = h("learning_rate"), rho = h("rho"), epsilon = h("epsilon"), mu = h("momentum");
  Vector w = problem.start, r(w.size()), velocity(w.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, w);
    for (std::size_t i = 0; i < w.size(); ++i) {
      r[i] = (1 - rho) * g[i] * g[i] + rho * r[i];
      velocity[i] = mu * velocity[i] - rate * g[i] / (std::sqrt(r[i]) + epsilon);
      w[i] += velocity[i];
    }
    path.push_back(w);
  }
  return path;
}

// Graves (2013), eq. 38-40 without momentum: the square root of n - gbar^2 divides; epsilon outside it.
Path rmsprop_centered(const Problem& problem, const Values& h) {
  const double rate = h("learning_rate"), rho = h("rho"), epsilon = h("epsilon");
  Vector w = problem.start, n(w.size()), g_bar(w.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, w);
    for (std::size_t i = 0; i < w.size(); ++i) {
      n[i] = rho * n[i] + (1 - rho) * g[i] * g[i];
      g_bar[i] = rho * g_bar[i] + (1 - rho) * g[i];
      w[i] -= rate * g[i] / (std::sqrt(n[i] - g_bar[i] * g_bar[i]) + epsilon);
    }
    path.push_back(w);
  }
  return path;
}

// Graves (2013), eq. 38-41: Delta <- mu Delta - rate g / (sqrt(n - gbar^2) + epsilon), w <- w + Delta.
Path rmsprop_graves(const Problem& problem, const Values& h) {
  const double rate = h("learning_rate"), rho = h("rho"), epsilon = h("epsilon"), mu = h("momentum");
  Vector w = problem.start, n(w.size()), g_bar(w.size()), delta(w.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, w);
    for (std::size_t i = 0; i < w.size(); ++i) {
      n[i] = rho * n[i] + (1 - rho) * std::pow(g[i], 2);
      g_bar[i] = rho * g_bar[i] + (1 - rho) * g[i];
      delta[i] = mu * delta[i] - rate * g[i] / (std::sqrt(n[i] - std::pow(g_bar[i], 2)) + epsilon);
      w[i] = w[i] + delta[i];
    }
    path.push_back(w);
  }
  return path;
}

// Duchi, Hazan & Singer (2011), section 1.1 with the diagonal of G_t = sum g g^T, which starts at a constant.
Path adagrad(const Problem& problem, const Values& h) {
  const double eta = h("learning_rate"), epsilon = h("epsilon");
  Vector x = problem.start, diagonal(x.size(), h("initial_accumulator"));
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      diagonal[i] += g[i] * g[i];
      x[i] -= eta / (std::sqrt(diagonal[i]) + epsilon) * g[i];
    }
    path.push_back(x);
  }
  return path;
}

// Zeiler (2012), Algorithm 1, with a rate that multiplies the step (1 in the paper). E[g^2] and E[dx^2] by his names.
Path adadelta(const Problem& problem, const Values& h) {
  const double rate = h("learning_rate"), rho = h("rho"), epsilon = h("epsilon");
  Vector x = problem.start, g_squares(x.size()), step_squares(x.size());
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      g_squares[i] = rho * g_squares[i] + (1 - rho) * g[i] * g[i];
      const double step = -std::sqrt(step_squares[i] + epsilon) / std::sqrt(g_squares[i] + epsilon) * g[i];
      step_squares[i] = rho * step_squares[i] + (1 - rho) * step * step;
      x[i] += rate * step;
    }
    path.push_back(x);
  }
  return path;
}

}  // namespace

Transcriptions root_mean_square() {
  return {{
              {"rmsprop", "rmsprop", rmsprop, {0.01, 0.002, 0.002, 0.01}, {}},
              {"rmsprop_other", "rmsprop", rmsprop, {0.02, 0.01, 0.005, 0.02}, {{"rho", 0.95}, {"epsilon", 1e-2}}},
              {"rmsprop_momentum",
               "rmsprop",
               rmsprop_momentum,
               {0.01, 0.002, 0.002, 0.01},
               {{"momentum", 0.8}, {"rho", 0.95}, {"epsilon", 1e-3}}},
              {"rmsprop_centered", "rmsprop", rmsprop_centered, {0.005, 0.001, 0.0005, 0.005}, {{"centered", 1}}},
              {"rmsprop_centered_other",
               "rmsprop",
               rmsprop_centered,
               {0.01, 0.0005, 0.002, 0.01},
               {{"centered", 1}, {"rho", 0.95}, {"epsilon", 5e-2}}},
              {"rmsprop_centered_momentum",
               "rmsprop",
               rmsprop_graves,
               {0.005, 0.001, 0.001, 0.005},
               {{"centered", 1}, {"momentum", 0.9}, {"rho", 0.95}, {"epsilon", 1e-3}}},
              {"adagrad", "adagrad", adagrad, {0.3, 0.1, 0.05, 0.3}, {}},
              {"adagrad_other",
               "adagrad",
               adagrad,
               {0.3, 0.1, 0.05, 0.3},
               {{"initial_accumulator", 0.1}, {"epsilon", 1e-2}}},
              {"adadelta", "adadelta", adadelta, {1, 1, 1, 1}, {}},
              {"adadelta_other", "adadelta", adadelta, {0.5, 0.3, 0.5, 0.5}, {{"rho", 0.95}, {"epsilon", 1e-4}}},
          },
          {{"rmsprop", {{"learning_rate", 1e-3}, {"rho", 0.9}, {"epsilon", 1e-7}, {"momentum", 0}, {"centered", 0}}},
           {"adagrad", {{"learning_rate", 0.01}, {"epsilon", 1e-10}, {"initial_accumulator", 0}}},
           {"adadelta", {{"learning_rate", 1}, {"rho", 0.9}, {"epsilon", 1e-6}}}}};
}

}  // namespace gradus::optim
