// Steps along the gradient, with and without momentum.
#include "tests/optim/transcriptions/transcriptions.h"

namespace gradus::optim {
namespace {

// Cauchy (1847): theta_t = theta_{t-1} - alpha g_t.
Path gradient_descent(const Problem& problem, const Values& h) {
  const double alpha = h("learning_rate");
  Vector theta = problem.start;
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, theta);
    for (std::size_t i = 0; i < theta.size(); ++i) theta[i] = theta[i] - alpha * g[i];
    path.push_back(theta);
  }
  return path;
}

// Robbins & Monro (1951), with a constant step; the batch is always the same one here.
Path stochastic_gradient_descent(const Problem& problem, const Values& h) {
  const double a = h("learning_rate");
  Path path{problem.start};
  while (path.size() <= steps) {
    Vector next = path.back();
    const Vector g = gradient_at(problem, path.back());
    for (std::size_t i = 0; i < next.size(); ++i) next[i] -= a * g[i];
    path.push_back(next);
  }
  path.erase(path.begin());
  return path;
}

// Polyak (1964), eq. 9, the heavy ball: theta_{t+1} = theta_t - alpha g(theta_t) + beta (theta_t - theta_{t-1}).
Path heavy_ball(const Problem& problem, const Values& h) {
  const double alpha = h("learning_rate"), beta = h("momentum");
  Vector theta = problem.start, previous = problem.start;
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, theta);
    Vector next(theta.size());
    for (std::size_t i = 0; i < theta.size(); ++i) next[i] = theta[i] - alpha * g[i] + beta * (theta[i] - previous[i]);
    previous = theta;
    theta = next;
    path.push_back(theta);
  }
  return path;
}

// Sutskever, Martens, Dahl & Hinton (2013), eq. 3 and 4:
//   v_{t+1} = mu v_t - epsilon g(theta_t + mu v_t),  theta_{t+1} = theta_t + v_{t+1}.
// The library's theta is the point theta_t + mu v_t at which the gradient is taken.
Path nesterov(const Problem& problem, const Values& h) {
  const double epsilon = h("learning_rate"), mu = h("momentum");
  Vector theta = problem.start, v(theta.size()), ahead = problem.start;
  Path path;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, ahead);
    for (std::size_t i = 0; i < theta.size(); ++i) {
      v[i] = mu * v[i] - epsilon * g[i];
      theta[i] = theta[i] + v[i];
      ahead[i] = theta[i] + mu * v[i];
    }
    path.push_back(ahead);
  }
  return path;
}

}  // namespace

Transcriptions descent() {
  return {{
              {"gradient_descent", "gradient_descent", gradient_descent, {0.1, 5e-4, 0.2, 0.1}, {}},
              {"sgd", "sgd", stochastic_gradient_descent, {0.3, 1e-3, 0.5, 0.2}, {}},
              {"momentum", "momentum", heavy_ball, {0.05, 1e-4, 0.1, 0.05}, {}},
              {"momentum_light", "momentum", heavy_ball, {0.2, 5e-4, 0.2, 0.2}, {{"momentum", 0.4}}},
              {"nesterov", "nesterov", nesterov, {0.05, 1e-4, 0.1, 0.05}, {}},
              {"nesterov_light", "nesterov", nesterov, {0.2, 5e-4, 0.2, 0.2}, {{"momentum", 0.4}}},
          },
          {{"gradient_descent", {{"learning_rate", 0.01}}},
           {"sgd", {{"learning_rate", 0.01}}},
           {"momentum", {{"learning_rate", 0.01}, {"momentum", 0.9}}},
           {"nesterov", {{"learning_rate", 0.01}, {"momentum", 0.9}}}}};
}

}  // namespace gradus::optim
