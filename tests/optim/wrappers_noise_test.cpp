// Noise on gradients and parameters.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/optim/wrapped.h"

namespace gradus::optim {
namespace {

// The gradient that an optimizer sees for 20,000 parameters whose own gradient is 0.
class Flat final : public Objective {
 public:
  std::int64_t size() const override { return 20000; }
  DType dtype() const override { return DType::float64; }

 protected:
  double compute_value(const Tensor&) override { return 0; }
  double compute_gradient(const Tensor&, const Tensor& gradient) override {
    gradient.fill(0);
    return 0;
  }
};

TEST(Wrappers, AddGaussianNoiseThatShrinks) {
  for (const double decay : {0.0, 0.55}) {
    Flat objective;
    const auto optimizer =
        make_optimizer({.values = {{"learning_rate", 1.0}},
                        .wrappers = {{"gradient_noise", {{"noise_variance", 0.3}, {"noise_decay", decay}}}}});
    Vector last;
    for (int t = 0; t < 40; ++t) {
      const Tensor theta = Tensor::zeros({20000}, DType::float64);
      optimizer->step(objective, theta);
      if (t % 13 != 0) continue;
      double mean = 0, square = 0, fourth = 0, correlation = 0;
      const Vector z = theta.to_vector();
      for (std::size_t i = 0; i < z.size(); ++i) {
        mean += z[i] / 20000;
        square += z[i] * z[i] / 20000;
        fourth += std::pow(z[i], 4) / 20000;
        if (!last.empty()) correlation += z[i] * last[i] / 20000;
      }
      const double variance = 0.3 / std::pow(1 + t, decay);
      EXPECT_NEAR(square, variance, 0.05 * variance) << t;
      EXPECT_NEAR(mean, 0, 0.04 * std::sqrt(variance));
      EXPECT_NEAR(fourth, 3 * variance * variance, 0.5 * variance * variance);
      EXPECT_NEAR(correlation, 0, 0.03);
      last = z;
    }
  }
}

TEST(Wrappers, DrawOtherNumbersForAnotherSeed) {
  for (const char* name : {"gradient_noise", "parameter_noise"}) {
    const auto end = [&](std::uint64_t seed) {
      return run_recipe({.wrappers = {{name}}, .stream = RandomStream(seed)}, quadratic(), 5);
    };
    EXPECT_EQ(end(1), end(1)) << name;
    EXPECT_GT(difference(end(1), end(2)), 1e-6) << name;
  }
}

// On a quadratic the mean gradient over points around theta is the gradient at their mean.
TEST(Wrappers, SmoothTheLossByNoisyParameters) {
  expect_equal({{"parameter_noise", {{"parameter_noise", 0.1}, {"parameter_noise_samples", 3}}}},
               [](Vector& x, const GradientOf& grad, PlainMomentum& inner, int t) {
                 RandomStream stream =
                     RandomStream(5).child("parameter_noise").child("step", static_cast<std::uint64_t>(t));
                 Vector mean(x.size());
                 for (int k = 0; k < 3; ++k) {
                   Vector near = x;
                   for (double& e : near) e += 0.1 * stream.normal();
                   const Vector g = grad(near);
                   for (std::size_t i = 0; i < x.size(); ++i) mean[i] += g[i] / 3;
                 }
                 inner(x, mean);
               });
}

}  // namespace
}  // namespace gradus::optim
