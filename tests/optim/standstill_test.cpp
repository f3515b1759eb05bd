// Steps at the level of rounding: they may rise by it, but not further and further, and not for ever.
#include <gtest/gtest.h>

#include <cmath>

#include "autodiff/tensor/vectors.h"
#include "optim/search.h"
#include "optim/solvers/step.h"
#include "tests/optim/curvature_problems.h"

namespace gradus::optim {
namespace {

constexpr DType type = DType::float64;
constexpr int patience = 50;

TEST(Standstill, LetsRoundingNotAddUp) {
  for (const double lowest : {1e6, -3.0}) {
    Standstill standstill;
    const double ceiling = lowest + vectors::rounding(lowest, type);
    EXPECT_EQ(standstill.ceiling(lowest, type), ceiling);
    EXPECT_FALSE(standstill.is_end(ceiling));
    EXPECT_EQ(standstill.ceiling(ceiling, type), ceiling);  // from the highest point allowed, no higher
    const double lower = lowest - vectors::rounding(lowest, type);
    EXPECT_FALSE(standstill.is_end(lower));
    EXPECT_EQ(standstill.ceiling(lower, type), lower + vectors::rounding(lower, type));
  }
}

TEST(Standstill, EndsStepsToAndFro) {
  Standstill standstill;
  const double low = 1, high = 1 + vectors::rounding(1, type) / 2;
  int steps = 0;
  for (double at = low;; at = at == low ? high : low) {  // every other step goes down
    EXPECT_EQ(standstill.ceiling(at, type), low + vectors::rounding(low, type));
    if (standstill.is_end(at == low ? high : low)) break;
    ASSERT_LT(++steps, 1000);
  }
  EXPECT_EQ(steps, patience);
}

TEST(Standstill, BeginsAnewOnOtherData) {
  for (const double other : {0.5, 2.0}) {
    Standstill standstill;
    standstill.ceiling(1, type);
    for (int i = 0; i < patience; ++i) EXPECT_FALSE(standstill.is_end(1));
    EXPECT_EQ(standstill.ceiling(other, type), other + vectors::rounding(other, type));
    EXPECT_FALSE(standstill.is_end(other));
  }
}

TEST(ReductionRatio, TakesNoTrialAboveTheCeiling) {
  const double value = 1, rounding = vectors::rounding(value, type), ceiling = value + rounding / 2;
  // The model promises less than the value's rounding.
  EXPECT_GT(reduction_ratio(value, value, ceiling, -1e-20, rounding), 0.25);
  EXPECT_GT(reduction_ratio(value, ceiling, ceiling, -1e-20, rounding), 0.25);
  EXPECT_LE(reduction_ratio(value, std::nextafter(ceiling, 2.0), ceiling, -1e-20, rounding), 0);
}

// A bowl whose value is known up to its rounding only, as if it were the sum of many terms; the slope is exact. Its
// minimum is found all the same, no point lies above an earlier one by more than the rounding, and the method ends.
SmoothObjective rough_bowl(DType dtype) {
  const double last_digit = 4 * vectors::epsilon(dtype);
  return {[=](const Vector& x, Vector& g) {
            g = {x[0], 3 * x[1]};
            const double rough = std::sin(1e9 * x[0] + 3e9 * x[1]);
            return 1 + (x[0] * x[0] + 3 * x[1] * x[1]) / 2 + last_digit * rough;
          },
          [](const Vector&, const Vector& v) {
            return Vector{v[0], 3 * v[1]};
          },
          2, 1, dtype};
}

TEST(Standstill, HoldsForMethodsWhoseValuesAreRough) {
  const std::vector<std::pair<std::string, NamedValues>> all = {
      {"newton_cg", {{"globalization", "armijo"}}},
      {"newton_cg", {{"globalization", "strong_wolfe"}}},
      {"newton_cg", {{"globalization", "trust_region"}}},
      {"newton_cg", {{"globalization", "trust_region_lanczos"}}},
      {"lbfgs", {{"line_search", "strong_wolfe"}}},
      {"lbfgs", {{"line_search", "armijo"}}},
      {"nonlinear_cg", {}}};
  for (const DType dtype : {DType::float64, DType::float32})
    for (const auto& [name, values] : all) {
      SCOPED_TRACE(name + (values.empty() ? "" : " " + values[0].second.text()));
      SmoothObjective objective = rough_bowl(dtype);
      const Tensor theta = Tensor::zeros({2}, dtype);
      theta.set(0, 1);
      theta.set(1, -2);
      const auto optimizer = make_optimizer(name, values);
      double lowest = std::numeric_limits<double>::infinity();
      StepReport report;
      int steps = 0;
      do {
        report = optimizer->step(objective, theta);
        EXPECT_LE(report.loss, lowest + vectors::rounding(lowest, dtype));
        lowest = std::min(lowest, report.loss);
        ASSERT_LT(++steps, 2000);
      } while (!report.is_final());
      EXPECT_FALSE(report.is_diverged());
      EXPECT_LT(std::hypot(theta.at(0), theta.at(1)), std::sqrt(100 * vectors::epsilon(dtype)));
    }
}

}  // namespace
}  // namespace gradus::optim
