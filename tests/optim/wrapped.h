// A wrapper around momentum, and the same by hand, in plain loops.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "autodiff/tensor/random.h"
#include "optim/wrapper.h"
#include "tests/optim/recipes.h"

namespace gradus::optim {

inline double length_of(const Vector& x) {
  double sum = 0;
  for (const double e : x) sum += e * e;
  return std::sqrt(sum);
}

// Polyak's momentum, the inner method of these tests, by hand: v = 0.9 v + g, x -= 0.02 v.
inline const NamedValues momentum_values{{"learning_rate", 0.02}, {"momentum", 0.9}};
struct PlainMomentum {
  Vector v;
  void operator()(Vector& x, const Vector& g) {
    v.resize(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      v[i] = 0.9 * v[i] + g[i];
      x[i] -= 0.02 * v[i];
    }
  }
};

using GradientOf = std::function<Vector(const Vector&)>;
// One step by hand: (theta, gradient of the problem, inner step, number of the step from 0)
using PlainStep = std::function<void(Vector&, const GradientOf&, PlainMomentum&, int)>;

inline void expect_equal(const std::vector<Recipe::Wrapped>& wrapped, const PlainStep& plain, int steps = 25) {
  for (const Problem& problem : {quadratic(), tanh_network()}) {
    SCOPED_TRACE(problem.name);
    const auto objective = problem.objective(DType::float64);
    const auto optimizer = make_optimizer(
        {.method = "momentum", .values = momentum_values, .wrappers = wrapped, .stream = RandomStream(5)});
    const Tensor theta = Tensor::of({objective->size()}, problem.start);
    Vector x = problem.start;
    PlainMomentum inner;
    const GradientOf gradient = [&](const Vector& at) {
      Vector g(at.size());
      problem.function(at, g);
      return g;
    };
    for (int t = 0; t < steps; ++t) {
      optimizer->step(*objective, theta);
      plain(x, gradient, inner, t);
    }
    EXPECT_LT(difference(theta.to_vector(), x), 1e-11);
    EXPECT_GT(difference(x, problem.start), 1e-3);
  }
}

}  // namespace gradus::optim
