// How much momentum gains on a quadratic: Polyak (1964). With kappa = 100 and the best constants, learning rate
// 4 / (sqrt L + sqrt mu)^2 and momentum ((sqrt kappa - 1) / (sqrt kappa + 1))^2, the distance falls asymptotically by
// (sqrt kappa - 1) / (sqrt kappa + 1) in a step: by 100 in ln 100 / ln(11/9) = 22.95 steps, where gradient descent at
// 2 / (L + mu) needs ln 100 / ln(101/99) = 230.25. From rest the first factors take longer.
#include <gtest/gtest.h>

#include <cmath>

#include "autodiff/tensor/vectors.h"
#include "experiments/problems/problem.h"
#include "optim/optimizer.h"

namespace gradus::problems {
namespace {

// The first steps after which the distance from the minimum, over that of the start (1, 1), is at most each of these,
// which fall.
std::vector<double> steps_to(const std::vector<double>& distances, const char* method,
                             const optim::NamedValues& settings) {
  const Request request{.eigenvalues = {0.01, 1}};
  const Problem& quadratic = problem("quadratic");
  const auto objective = make_objective(quadratic, request);
  const auto optimizer = optim::make_optimizer(method, settings);
  const Tensor x = start_of(quadratic, {.dimension = 2});
  std::vector<double> steps;
  for (std::int64_t step = 0; steps.size() < distances.size() && step <= 10'000; ++step) {
    while (steps.size() < distances.size() && vectors::norm(x) <= std::sqrt(2) * distances[steps.size()])
      steps.push_back(static_cast<double>(step));
    optimizer->step(*objective, x);
  }
  return steps;
}

TEST(HeavyBall, TakesTheRootOfTheStepsOfGradientDescent) {
  const double of_rate = 4 / (1.1 * 1.1), of_momentum = 81.0 / 121;
  const std::vector<double> ball =
      steps_to({1e-2, 1e-8, 1e-10}, "momentum", {{"learning_rate", of_rate}, {"momentum", of_momentum}});
  ASSERT_EQ(ball.size(), 3U);
  EXPECT_NEAR(ball[2] - ball[1], 22.9, 1.5);
  EXPECT_GE(ball[0], 32);  // from rest
  EXPECT_LE(ball[0], 44);

  const std::vector<double> descent = steps_to({1e-8, 1e-10}, "gradient_descent", {{"learning_rate", 2 / 1.01}});
  ASSERT_EQ(descent.size(), 2U);
  EXPECT_NEAR(descent[1] - descent[0], 230.3, 1);
}

}  // namespace
}  // namespace gradus::problems
