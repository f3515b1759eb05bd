// When a deep linear network has learnt half of a mode: Saxe, McClelland & Ganguli (2014), equations 7 and 8. With one
// hidden layer, aligned and balanced weights, and a_0 = 1e-3 the product of both layers, a mode of strength s is at s/2
// after ln(s / a_0 - 1) / (2s), in units of the time constant 1 / learning_rate: 3.4534, 1.9001 and .8517 for s = 1, 2
// and 5. That is gradient flow, which gradient descent approaches as its rate falls.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "experiments/workloads/deep_linear.h"
#include "tests/workloads/training.h"

namespace gradus::workloads {
namespace {

const std::map<double, double> half_times = {{1, 3.4534}, {2, 1.9001}, {5, 0.8517}};
constexpr double strengths[] = {5, 2, 1};

struct Course {
  std::map<double, double> half;  // the time at which each mode is at a half
  double off = 0;                 // the furthest that a mode's share ever is from the closed form
};

Course course(double rate) {
  Training training(DeepLinear{}, {"--strengths=5,2,1"}, "gradient_descent", {{"learning_rate", rate}});
  const lab::Batch all = training.workload.data.train.rows(0, 3, DType::float64);
  Course found;
  std::vector<double> before(3);
  const auto last = static_cast<std::int64_t>(5 / rate);
  for (std::int64_t step = 0; step <= last; ++step) {
    const std::vector<double> learnt =
        training.trainer.evaluate(training.workload.data.train, training.workload.metrics);
    const double t = rate * static_cast<double>(step);
    for (std::size_t i = 0; i < 3; ++i) {
      const double s = strengths[i], growth = std::exp(2 * s * t), share = learnt[i + 1];
      found.off = std::max(found.off, std::abs(share - growth / (growth - 1 + s / 1e-3)));
      if (before[i] < 0.5 && share >= 0.5) found.half[s] = t - rate * (share - 0.5) / (share - before[i]);
      before[i] = share;
    }
    training.trainer.step(all);
  }
  return found;
}

TEST(DeepLinear, LearnsHalfOfEachModeAtItsTime) {
  const Course coarse = course(0.01), fine = course(0.005), finest = course(0.0025);
  for (const auto& [s, expected] : half_times) {
    ASSERT_TRUE(coarse.half.contains(s) && fine.half.contains(s) && finest.half.contains(s)) << s;
    EXPECT_NEAR(expected, std::log(s / 1e-3 - 1) / (2 * s), 5e-5);
    EXPECT_NEAR(finest.half.at(s), expected, 0.02) << s;
    // The error is of the rate's first order, and what is left after that of the second.
    EXPECT_NEAR((coarse.half.at(s) - expected) / (fine.half.at(s) - expected), 2, 0.1) << s;
    EXPECT_NEAR(2 * finest.half.at(s) - fine.half.at(s), expected, 5e-4) << s;
  }
}

TEST(DeepLinear, FollowsTheClosedFormAllTheWay) {
  const double coarse = course(0.01).off, fine = course(0.005).off;
  EXPECT_LT(fine, 0.06);
  EXPECT_NEAR(coarse / fine, 2, 0.2);
}

// Three layers from the same product are later, by the balanced flow a' = 3 a^(4/3) (s - a) from a_0.
TEST(DeepLinear, TakesLongerWhenItIsDeeper) {
  Training training(DeepLinear{}, {"--strengths=1", "--layers=3"}, "gradient_descent", {{"learning_rate", 0.001}});
  double a = 1e-3;
  std::int64_t steps = 0;
  for (; a < 0.5; ++steps)  // finely
    for (int part = 0; part < 10; ++part) a += 1e-4 * 3 * std::pow(a, 4.0 / 3) * (1 - a);
  training.steps(steps, lab::whole_set);
  EXPECT_NEAR(training.measured("learnt_0"), 0.5, 0.01);
}

}  // namespace
}  // namespace gradus::workloads
