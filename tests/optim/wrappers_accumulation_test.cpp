// The mean gradient of several batches.
#include <gtest/gtest.h>

#include "tests/optim/wrapped.h"

namespace gradus::optim {
namespace {

// scale |theta - target|^2 / 2, another one for each batch.
class Targets final : public Objective {
 public:
  void set(double scale, double target) {
    scale_ = scale;
    target_ = target;
    invalidate();
  }
  std::int64_t size() const override { return 3; }
  DType dtype() const override { return DType::float64; }

 protected:
  double compute_value(const Tensor& theta) override {
    double sum = 0;
    for (const double x : theta.to_vector()) sum += scale_ * (x - target_) * (x - target_) / 2;
    return sum;
  }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    for (int i = 0; i < 3; ++i) gradient.set(i, scale_ * (theta.at(i) - target_));
    return compute_value(theta);
  }

 private:
  double scale_ = 1, target_ = 0;
};

TEST(Wrappers, AccumulateTheMeanGradientOfBatches) {
  Targets objective;
  const auto optimizer = make_optimizer({.method = "momentum",
                                         .values = momentum_values,
                                         .wrappers = {{"gradient_accumulation", {{"accumulation_steps", 3}}}}});
  const Tensor theta = Tensor::of({3}, {1, -2, 3});
  Vector x = theta.to_vector(), sum(3);
  PlainMomentum inner;
  for (int t = 0; t < 12; ++t) {
    const double scale = 1 + 0.1 * t, target = std::sin(t);
    objective.set(scale, target);
    const Vector before = theta.to_vector();
    double loss = 0;
    for (const double e : x) loss += scale * (e - target) * (e - target) / 2;
    EXPECT_NEAR(optimizer->step(objective, theta).loss, loss, 1e-12);
    for (std::size_t i = 0; i < 3; ++i) sum[i] += scale * (x[i] - target) / 3;
    if (t % 3 != 2) {
      EXPECT_EQ(theta.to_vector(), before);
      continue;
    }
    inner(x, sum);
    sum = Vector(3);
    EXPECT_LT(difference(theta.to_vector(), x), 1e-14);
  }
  EXPECT_EQ(objective.costs().gradients, 12);
}

}  // namespace
}  // namespace gradus::optim
