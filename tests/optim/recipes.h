// What the tests of recipes share.
#pragma once

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "optim/recipe.h"
#include "tests/optim/problems.h"
#include "tests/support/throws.h"

namespace gradus::optim {

// The largest difference in terms of the largest number.
inline double difference(const Vector& a, const Vector& b) {
  double most = a.size() == b.size() ? 0 : 1e300, scale = 1e-300;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double d = std::abs(a[i] - b[i]);
    most = d <= most ? most : d;
    scale = std::max(scale, std::abs(b[i]));  // NaN is most
  }
  return most / scale;
}

// A number of a method that can be scheduled: its rate where it has one.
inline Hyperparameter schedulable(const Method& method) {
  const Hyperparameter* found = nullptr;
  for (const Hyperparameter& h : method.hyperparameters)
    if (h.can_be_scheduled() && (!found || h.name == "learning_rate")) found = &h;
  if (!found) throw std::logic_error(method.name + " has no number");
  return *found;
}

// Theta after some steps.
inline Vector run_recipe(const Recipe& recipe, const Problem& problem, int steps, DType type = DType::float64) {
  const auto objective = problem.objective(type);
  const auto optimizer = make_optimizer(recipe);
  const Tensor theta = Tensor::of({objective->size()}, problem.start, type);
  for (int t = 0; t < steps; ++t) optimizer->step(*objective, theta);
  return theta.to_vector();
}

}  // namespace gradus::optim
