// Three regimes of a large rate: Lewkowycz et al. (2020). Two linear layers, f = u^T v / sqrt(n) on one example, n =
// 1000, f_0 = 1 and curvature lambda_0 = 2: with rate * lambda_0 up to 1.9 the output falls and the curvature hardly
// moves; from 2.1 to 3.9 the output rises (to 2.4 up to 26), then falls, and the curvature ends below 2 / rate; from
// 4.1 on it diverges.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "experiments/workloads/catapult.h"
#include "tests/workloads/training.h"

namespace gradus::workloads {
namespace {

struct Path {
  std::vector<double> output, curvature;  // at the start and after each step
  double peak() const {
    double highest = 0;
    for (const double f : output) highest = std::max(highest, std::abs(f));
    return highest;
  }
  bool is_monotone() const {
    for (std::size_t i = 1; i < output.size(); ++i)
      if (std::abs(output[i]) > std::abs(output[i - 1])) return false;
    return true;
  }
};

// With rate * lambda_0 as given, until the output is as small or as large as can be.
Path path(double stiffness) {
  Training training(Catapult{}, {}, "gradient_descent", {{"learning_rate", stiffness / 2}});
  Path found;
  for (int step = 0; step <= 2000; ++step) {
    found.output.push_back(training.measured("output"));
    found.curvature.push_back(training.measured("curvature"));
    if (std::abs(found.output.back()) < 1e-8 || !(std::abs(found.output.back()) < 1e6)) break;
    training.steps(1, lab::whole_set);
  }
  return found;
}

TEST(Catapult, BeginsWhereItSays) {
  const Path begin = path(1);
  EXPECT_NEAR(begin.output[0], 1, 1e-13);
  EXPECT_NEAR(begin.curvature[0], 2, 1e-13);
}

TEST(Catapult, FallsMonotonicallyBelowTwo) {
  for (const double stiffness : {0.5, 1.0, 1.5, 1.9}) {
    const Path found = path(stiffness);
    EXPECT_TRUE(found.is_monotone()) << stiffness;
    EXPECT_LT(std::abs(found.output.back()), 1e-8) << stiffness;
    EXPECT_NEAR(found.curvature.back() * stiffness / 2, stiffness, 0.01 * stiffness) << stiffness;
  }
}

TEST(Catapult, RisesAndLandsInAFlatterPlaceBelowFour) {
  double lowest = 1e6, highest = 0;
  for (const double stiffness : {2.1, 2.5, 3.0, 3.5, 3.9}) {
    const Path found = path(stiffness);
    EXPECT_FALSE(found.is_monotone()) << stiffness;
    EXPECT_LT(std::abs(found.output.back()), 1e-8) << stiffness;
    EXPECT_LT(found.curvature.back() * stiffness / 2, 2) << stiffness;
    lowest = std::min(lowest, found.peak());
    highest = std::max(highest, found.peak());
  }
  EXPECT_NEAR(lowest, 2.4, 0.05);
  EXPECT_NEAR(highest, 26, 0.5);
}

TEST(Catapult, DivergesAboveFour) {
  for (const double stiffness : {4.1, 4.5}) EXPECT_GT(std::abs(path(stiffness).output.back()), 1e6) << stiffness;
}

// Section 2.2's recursion of f and lambda, step by step.
TEST(Catapult, FollowsItsRecursion) {
  for (const double stiffness : {1.5, 2.5, 3.5}) {
    const Path found = path(stiffness);
    const double rate = stiffness / 2;
    for (std::size_t t = 0; t + 1 < std::min<std::size_t>(found.output.size(), 12); ++t) {
      const double f = found.output[t], lambda = found.curvature[t];
      EXPECT_NEAR(found.output[t + 1], (1 - rate * lambda + rate * rate * f * f / 1000) * f, 1e-11) << t;
      EXPECT_NEAR(found.curvature[t + 1], lambda + rate * f * f / 1000 * (rate * lambda - 4), 1e-11) << t;
    }
  }
}

}  // namespace
}  // namespace gradus::workloads
