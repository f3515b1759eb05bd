// Methods that evaluate the model at an average of their points.
#include "tests/optim/transcriptions/transcriptions.h"

namespace gradus::optim {
namespace {

// The points of plain descent after steps 1, 2, ...
Path descent_points(const Problem& problem, double alpha) {
  Path path;
  Vector theta = problem.start;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, theta);
    for (std::size_t i = 0; i < theta.size(); ++i) theta[i] -= alpha * g[i];
    path.push_back(theta);
  }
  return path;
}
Path averaged_descent(const Problem& problem, const Values& h) { return descent_points(problem, h("learning_rate")); }

// Polyak & Juditsky (1992); Ruppert (1988): the mean of the points, here of those after steps first + 1, ..., t.
Path average_of_descent(const Problem& problem, const Values& h) {
  const Path points = descent_points(problem, h("learning_rate"));
  const auto first = static_cast<std::size_t>(h("average_start"));
  Path means = points;
  for (std::size_t t = first; t < points.size(); ++t)
    for (std::size_t i = 0; i < points[t].size(); ++i) {
      double sum = 0;
      for (std::size_t s = first; s <= t; ++s) sum += points[s][i];
      means[t][i] = sum / static_cast<double>(t - first + 1);
    }
  return means;
}

// Defazio, Yang, Mehta, Mishchenko, Khaled & Cutkosky (2024): y = (1 - beta) z + beta x is where the gradient is taken,
// x what is evaluated; x averages z with c_{t+1} = gamma_t^2 / sum gamma_i^2, as in their Algorithm 1. Both by step.
struct Sequences {
  Path y, x;
};
Sequences schedule_free_sgd(const Problem& problem, const Values& h) {
  const double gamma = h("learning_rate"), beta = h("momentum"), lambda = h("weight_decay"), warmup = h("warmup_steps");
  Vector z = problem.start, x = z, y = z;
  double sum = 0;
  Sequences result;
  for (int t = 1; t <= steps; ++t) {
    const Vector g = gradient_at(problem, y);
    const double rate = warmup > 0 ? gamma * std::min(1.0, t / warmup) : gamma;
    sum += rate * rate;
    const double c = rate * rate / sum;
    for (std::size_t i = 0; i < z.size(); ++i) {
      z[i] = z[i] - rate * (g[i] + lambda * y[i]);
      x[i] = (1 - c) * x[i] + c * z[i];
      y[i] = (1 - beta) * z[i] + beta * x[i];
    }
    result.y.push_back(y), result.x.push_back(x);
  }
  return result;
}
Path schedule_free_sgd_y(const Problem& problem, const Values& h) { return schedule_free_sgd(problem, h).y; }
Path schedule_free_sgd_x(const Problem& problem, const Values& h) { return schedule_free_sgd(problem, h).x; }

// The same authors, Algorithm 1.
Sequences schedule_free_adamw(const Problem& problem, const Values& h) {
  const double gamma = h("learning_rate"), beta1 = h("beta1"), beta2 = h("beta2"), epsilon = h("epsilon");
  const double lambda = h("weight_decay"), warmup = h("warmup_steps");
  Vector x = problem.start, z = x, v(x.size());
  Sequences result{{x}, {}};
  Vector rates;
  for (int t = 1; t <= steps; ++t) {
    const Vector y = result.y.back(), g = gradient_at(problem, y);
    rates.push_back(gamma * std::sqrt(1 - std::pow(beta2, t)) * (t < warmup ? t / warmup : 1));
    double squares = 0;
    for (const double rate : rates) squares += rate * rate;
    const double c = rates.back() * rates.back() / squares;
    Vector next(y.size());
    for (std::size_t i = 0; i < y.size(); ++i) {
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
      z[i] = z[i] - rates.back() * g[i] / (std::sqrt(v[i]) + epsilon) - rates.back() * lambda * y[i];
      x[i] = (1 - c) * x[i] + c * z[i];
      next[i] = (1 - beta1) * z[i] + beta1 * x[i];
    }
    result.y.push_back(next), result.x.push_back(x);
  }
  result.y.erase(result.y.begin());
  return result;
}
Path schedule_free_adamw_y(const Problem& problem, const Values& h) { return schedule_free_adamw(problem, h).y; }
Path schedule_free_adamw_x(const Problem& problem, const Values& h) { return schedule_free_adamw(problem, h).x; }

}  // namespace

Transcriptions averaging() {
  return {{
              {"asgd", "asgd", averaged_descent, {0.1, 5e-4, 0.2, 0.1}, {}},
              {"asgd_evaluated", "asgd", average_of_descent, {0.1, 5e-4, 0.2, 0.1}, {}, Case::Of::evaluation_point},
              {"asgd_late_evaluated",
               "asgd",
               average_of_descent,
               {0.1, 5e-4, 0.2, 0.1},
               {{"average_start", 37}},
               Case::Of::evaluation_point},
              {"schedule_free_sgd", "schedule_free_sgd", schedule_free_sgd_y, {0.3, 1e-3, 0.5, 0.2}, {}},
              {"schedule_free_sgd_evaluated",
               "schedule_free_sgd",
               schedule_free_sgd_x,
               {0.3, 1e-3, 0.5, 0.2},
               {},
               Case::Of::evaluation_point},
              {"schedule_free_sgd_other",
               "schedule_free_sgd",
               schedule_free_sgd_y,
               {0.3, 1e-3, 0.5, 0.2},
               {{"momentum", 0.7}, {"weight_decay", 0.1}, {"warmup_steps", 30}}},
              {"schedule_free_sgd_other_evaluated",
               "schedule_free_sgd",
               schedule_free_sgd_x,
               {0.3, 1e-3, 0.5, 0.2},
               {{"momentum", 0.7}, {"weight_decay", 0.1}, {"warmup_steps", 30}},
               Case::Of::evaluation_point},
              {"schedule_free_adamw", "schedule_free_adamw", schedule_free_adamw_y, {0.05, 0.02, 0.02, 0.05}, {}},
              {"schedule_free_adamw_evaluated",
               "schedule_free_adamw",
               schedule_free_adamw_x,
               {0.05, 0.02, 0.02, 0.05},
               {},
               Case::Of::evaluation_point},
              {"schedule_free_adamw_other",
               "schedule_free_adamw",
               schedule_free_adamw_y,
               {0.05, 0.02, 0.02, 0.05},
               {{"beta1", 0.7}, {"beta2", 0.95}, {"epsilon", 1e-2}, {"weight_decay", 0.1}, {"warmup_steps", 30}}},
              {"schedule_free_adamw_other_evaluated",
               "schedule_free_adamw",
               schedule_free_adamw_x,
               {0.05, 0.02, 0.02, 0.05},
               {{"beta1", 0.7}, {"beta2", 0.95}, {"epsilon", 1e-2}, {"weight_decay", 0.1}, {"warmup_steps", 30}},
               Case::Of::evaluation_point},
          },
          {{"asgd", {{"learning_rate", 0.01}, {"average_start", 0}}},
           {"schedule_free_sgd", {{"learning_rate", 0.1}, {"momentum", 0.9}, {"weight_decay", 0}, {"warmup_steps", 0}}},
           {"schedule_free_adamw",
            {{"learning_rate", 2.5e-3},
             {"beta1", 0.9},
             {"beta2", 0.999},
             {"epsilon", 1e-8},
             {"weight_decay", 0},
             {"warmup_steps", 0}}}}};
}

}  // namespace gradus::optim
