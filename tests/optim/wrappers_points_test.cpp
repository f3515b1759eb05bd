// Wrappers that ask or evaluate at other points than theta, against a computation by hand.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/optim/wrapped.h"

namespace gradus::optim {
namespace {

TEST(Wrappers, TakeTheGradientWhereTheLossIsWorse) {
  expect_equal({{"sam", {{"sam_radius", 0.2}}}}, [](Vector& x, const GradientOf& grad, PlainMomentum& inner, int) {
    const Vector g = grad(x);
    const double n = length_of(g);
    Vector worse = x;
    for (std::size_t i = 0; i < x.size(); ++i) worse[i] += 0.2 * g[i] / n;
    inner(x, grad(worse));
  });
  expect_equal({{"asam", {{"asam_radius", 0.2}, {"asam_eta", 0.03}}}},
               [](Vector& x, const GradientOf& grad, PlainMomentum& inner, int) {
                 const Vector g = grad(x);
                 Vector scaled = g, worse = x;
                 for (std::size_t i = 0; i < x.size(); ++i) scaled[i] *= std::abs(x[i]) + 0.03;
                 const double n = length_of(scaled);
                 for (std::size_t i = 0; i < x.size(); ++i) worse[i] += 0.2 * (std::abs(x[i]) + 0.03) * scaled[i] / n;
                 inner(x, grad(worse));
               });
}

TEST(Wrappers, LookAheadAndGoPartOfTheWay) {
  Vector slow;
  expect_equal({{"lookahead", {{"lookahead_steps", 4}, {"lookahead_rate", 0.3}}}},
               [&](Vector& x, const GradientOf& grad, PlainMomentum& inner, int t) {
                 if (t == 0) slow = x;
                 inner(x, grad(x));
                 if (t % 4 != 3) return;
                 for (std::size_t i = 0; i < x.size(); ++i) slow[i] = x[i] = 0.7 * slow[i] + 0.3 * x[i];
               });
}

TEST(Wrappers, AverageThePointsForEvaluationOnly) {
  const Problem problem = quadratic();
  const auto objective = problem.objective(DType::float64);
  const auto ema = make_optimizer({.values = {{"learning_rate", 0.1}}, .wrappers = {{"ema", {{"ema_decay", 0.8}}}}});
  const auto swa =
      make_optimizer({.values = {{"learning_rate", 0.1}}, .wrappers = {{"swa", {{"swa_start", 3}, {"swa_every", 2}}}}});
  const Tensor a = Tensor::of({objective->size()}, problem.start), b = a.clone();
  Vector x = problem.start, mean, sum(x.size()), g(x.size());
  int points = 0;
  EXPECT_EQ(ema->evaluation_point(a).raw(), a.raw());
  for (int t = 1; t <= 12; ++t) {
    ema->step(*objective, a);
    swa->step(*objective, b);
    problem.function(x, g);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] -= 0.1 * g[i];
    if (t == 1)
      mean = x;
    else
      for (std::size_t i = 0; i < x.size(); ++i) mean[i] = 0.8 * mean[i] + 0.2 * x[i];
    if (t > 3 && (t - 3) % 2 == 0) {
      ++points;
      for (std::size_t i = 0; i < x.size(); ++i) sum[i] += x[i];
    }
    EXPECT_LT(difference(a.to_vector(), x), 1e-13);
    EXPECT_LT(difference(ema->evaluation_point(a).to_vector(), mean), 1e-13);
    Vector expected = x;
    if (points > 0)
      for (std::size_t i = 0; i < x.size(); ++i) expected[i] = sum[i] / points;
    EXPECT_LT(difference(swa->evaluation_point(b).to_vector(), expected), 1e-13) << t;
  }
  EXPECT_EQ(points, 4);
}

}  // namespace
}  // namespace gradus::optim
