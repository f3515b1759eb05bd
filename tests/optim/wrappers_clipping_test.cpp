// Clipping, and updates that only go down, against a computation by hand, in plain loops.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/optim/wrapped.h"

namespace gradus::optim {
namespace {

TEST(Wrappers, ClipTheNormOfTheWholeGradient) {
  expect_equal({{"clip_by_norm", {{"clip_norm", 0.3}}}},
               [](Vector& x, const GradientOf& grad, PlainMomentum& inner, int) {
                 Vector g = grad(x);
                 const double n = length_of(g);
                 if (n > 0.3)
                   for (double& e : g) e *= 0.3 / n;
                 inner(x, g);
               });
}

TEST(Wrappers, ClipEachElement) {
  expect_equal({{"clip_by_value", {{"clip_value", 0.05}}}},
               [](Vector& x, const GradientOf& grad, PlainMomentum& inner, int) {
                 Vector g = grad(x);
                 for (double& e : g) e = std::max(-0.05, std::min(0.05, e));
                 inner(x, g);
               });
}

// Liang, Chen, Liu & Liu (2024), Algorithm 1, slice by slice.
TEST(Wrappers, MoveOnlyWhatGoesDownTheGradientOfNow) {
  for (const Problem& problem : {quadratic(), shaped_quadratic(), tanh_network()}) {
    SCOPED_TRACE(problem.name);
    const auto objective = problem.objective(DType::float64);
    const auto optimizer = make_optimizer(
        {.method = "momentum", .values = momentum_values, .wrappers = {{"cautious", {{"cautious_extra", 0.5}}}}});
    const Tensor theta = Tensor::of({objective->size()}, problem.start);
    Vector x = problem.start, v(x.size()), g(x.size());
    bool any_stays = false;
    for (int t = 0; t < 25; ++t) {
      optimizer->step(*objective, theta);
      EXPECT_EQ(objective->costs().gradients, t + 1);
      problem.function(x, g);
      for (std::size_t i = 0; i < x.size(); ++i) v[i] = 0.9 * v[i] + g[i];
      for (const ParameterSlice& slice : problem.slices) {
        const auto first = static_cast<std::size_t>(slice.offset), end = first + static_cast<std::size_t>(slice.size());
        double down = 0;
        for (std::size_t i = first; i < end; ++i) down += v[i] * g[i] > 0 ? 1 : 0;
        any_stays = any_stays || down < static_cast<double>(slice.size());
        for (std::size_t i = first; i < end; ++i)
          if (v[i] * g[i] > 0) x[i] -= 0.02 * v[i] * static_cast<double>(slice.size()) / (down + 0.5);
      }
    }
    EXPECT_TRUE(any_stays);
    EXPECT_LT(difference(theta.to_vector(), x), 1e-10);
  }
}

}  // namespace
}  // namespace gradus::optim
