// Why frequent classes are learnt first by gradient descent, and all at once by its sign: Kunstner et al. (2024).
// One-hot inputs of 1,000 classes whose probabilities are as 1/k, weights from zero, no bias. Under gradient flow the
// loss of a class depends on s = p_k t alone; gradient descent approaches that as its rate falls. Sign descent has the
// same curve for every class.
#include <gtest/gtest.h>

#include <cmath>

#include "experiments/workloads/class_imbalance.h"
#include "tests/sanitized.h"
#include "tests/workloads/training.h"

namespace gradus::workloads {
namespace {

// The loss at s, by e^a + (c - 1) a = 1 + c s.
double flow(double s, double classes) {
  double low = 0, high = 1 + s * classes;
  for (int i = 0; i < 200; ++i) {
    const double a = (low + high) / 2;
    (std::exp(a) + (classes - 1) * a < 1 + classes * s ? low : high) = a;
  }
  return std::log1p((classes - 1) * std::exp(-low));
}

// Of classes 1 to `count`, the last after some steps on all.
std::vector<double> losses(Training& training) {
  lab::NetworkObjective& objective = training.trainer.objective();
  const std::int64_t n = training.workload.data.train.size();
  const lab::Batch all = training.workload.data.train.rows(0, n, DType::float64);
  const Tensor logits = objective.forward(training.trainer.parameters(), all, nn::Mode::evaluate).outputs.value();
  std::vector<double> found;
  for (std::int64_t k = 0; k < n; ++k) {
    double sum = 0;
    for (std::int64_t j = 0; j < n; ++j) sum += std::exp(logits.at(k * n + j) - logits.at(k * n + k));
    found.push_back(std::log(sum));
  }
  return found;
}

TEST(ClassImbalance, HasThePublishedCurve) {
  const std::pair<double, double> figures[] = {{0.1, 6.8079}, {1, 5.9102}, {3, 3.9421}, {5, 2.155},   {7, 0.9761},
                                               {10, 0.3637},  {20, 0.089}, {50, 0.025}, {100, 0.0112}};
  for (const auto& [s, loss] : figures) EXPECT_NEAR(flow(s, 1000), loss, 6e-5) << s;
}

// After the time at which class 1 is at s = 100, class k is at 100 / k.
TEST(ClassImbalance, FollowsGradientFlowInEveryClass) {
  const std::int64_t classes = sanitized ? 50 : 1000;
  double harmonic = 0;
  for (std::int64_t k = 1; k <= classes; ++k) harmonic += 1 / static_cast<double>(k);
  const auto after = [&](std::int64_t steps) {
    Training training(ClassImbalance{.classes = classes}, {}, "gradient_descent",
                      {{"learning_rate", 100 * harmonic / static_cast<double>(steps)}});
    training.steps(steps, lab::whole_set);
    return losses(training);
  };
  const std::vector<double> coarse = after(25), fine = after(50);
  for (std::size_t k = 1; k <= fine.size(); ++k) {
    const double expected = flow(100 / static_cast<double>(k), static_cast<double>(classes));
    // The error is of the rate's first order, and what is left after that of the second.
    ASSERT_NEAR(fine[k - 1], expected, 0.02) << k;
    ASSERT_NEAR(2 * fine[k - 1] - coarse[k - 1], expected, 2e-4) << k;
  }
}

TEST(ClassImbalance, IsTheSameCurveForEveryClassUnderSignDescent) {
  const std::int64_t classes = sanitized ? 50 : 1000;
  Training training(ClassImbalance{.classes = classes}, {}, "signsgd", {{"learning_rate", 0.1}});
  training.steps(40, lab::whole_set);
  const double expected = std::log1p(static_cast<double>(classes - 1) * std::exp(-2 * 0.1 * 40));
  for (const double loss : losses(training)) ASSERT_NEAR(loss, expected, 1e-9);
  EXPECT_NEAR(training.measured("loss_rank_1"), expected, 1e-9);
  EXPECT_NEAR(training.measured("loss_rank_10"), expected, 1e-9);
}

// The loss of all is that of the distribution.
TEST(ClassImbalance, WeighsTheClassesByTheirProbabilities) {
  Training training(ClassImbalance{.classes = 600}, {}, "gradient_descent", {{"learning_rate", 5}});
  training.steps(10, lab::whole_set);
  const std::vector<double> each = losses(training);
  double sum = 0, weights = 0;
  for (std::size_t k = 0; k < each.size(); ++k) {
    sum += each[k] / static_cast<double>(k + 1);
    weights += 1 / static_cast<double>(k + 1);
  }
  EXPECT_NEAR(training.measured("loss"), sum / weights, 1e-12);
}

}  // namespace
}  // namespace gradus::workloads
