// Penalties and weight decay against a computation by hand, in plain loops.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/optim/wrapped.h"

namespace gradus::optim {
namespace {

TEST(Wrappers, AddPenaltiesToTheGradient) {
  expect_equal({{"l2_penalty", {{"l2", 0.3}}}}, [](Vector& x, const GradientOf& grad, PlainMomentum& inner, int) {
    Vector g = grad(x);
    for (std::size_t i = 0; i < x.size(); ++i) g[i] += 0.3 * x[i];
    inner(x, g);
  });
  expect_equal({{"l1_penalty", {{"l1", 0.01}}}}, [](Vector& x, const GradientOf& grad, PlainMomentum& inner, int) {
    Vector g = grad(x);
    for (std::size_t i = 0; i < x.size(); ++i) g[i] += x[i] > 0 ? 0.01 : x[i] < 0 ? -0.01 : 0;
    inner(x, g);
  });
}

TEST(Wrappers, ThresholdSoftlyAfterTheStep) {
  for (const double rate : {0.0, 0.5})  // 0: the method's
    expect_equal({{"proximal_l1", {{"proximal_l1", 0.1}, {"proximal_rate", rate}}}},
                 [rate](Vector& x, const GradientOf& grad, PlainMomentum& inner, int) {
                   inner(x, grad(x));
                   const double threshold = 0.1 * (rate > 0 ? rate : 0.02);
                   for (double& e : x) e = std::copysign(std::max(0.0, std::abs(e) - threshold), e);
                 });
}

TEST(Wrappers, DecayWeightsByTheRateApartFromTheGradient) {
  expect_equal({{"decoupled_weight_decay", {{"decoupled_weight_decay", 2.0}}}},
               [](Vector& x, const GradientOf& grad, PlainMomentum& inner, int) {
                 const Vector before = x;
                 inner(x, grad(x));
                 for (std::size_t i = 0; i < x.size(); ++i) x[i] -= 0.02 * 2.0 * before[i];
               });
}

// AdamW is Adam with this wrapper around it.
TEST(Wrappers, DecayAroundAdamIsAdamW) {
  const Problem problem = tanh_network();
  const auto end = [&](const Recipe& recipe) { return run_recipe(recipe, problem, 30); };
  EXPECT_LT(
      difference(end({.method = "adamw", .values = {{"weight_decay", 0.3}}}),
                 end({.method = "adam", .wrappers = {{"decoupled_weight_decay", {{"decoupled_weight_decay", 0.3}}}}})),
      1e-13);
}

// sum x^4 / 4: H = diag(3 x^2). What it offers as a Gauss-Newton product is another matrix, diag(x^2).
class Quartic final : public Objective {
 public:
  std::int64_t size() const override { return 3; }
  DType dtype() const override { return DType::float64; }
  Quartic() {
    offer(curvature_.hessian, price::hessian,
          [](const Tensor& theta, const Tensor& v, const Tensor& out) { times(3, theta, v, out); });
    offer(curvature_.gauss_newton, price::gauss_newton,
          [](const Tensor& theta, const Tensor& v, const Tensor& out) { times(1, theta, v, out); });
  }
  const Curvature* curvature() const override { return &curvature_; }
  std::span<const ParameterSlice> slices() const override { return slices_; }

 protected:
  double compute_value(const Tensor& theta) override {
    double sum = 0;
    for (const double x : theta.to_vector()) sum += std::pow(x, 4) / 4;
    return sum;
  }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    for (int i = 0; i < 3; ++i) gradient.set(i, std::pow(theta.at(i), 3));
    return compute_value(theta);
  }

 private:
  static void times(double factor, const Tensor& theta, const Tensor& v, const Tensor& out) {
    for (std::int64_t i = 0; i < v.size(); ++i) out.set(i, factor * std::pow(theta.at(i % 3), 2) * v.at(i));
  }
  std::vector<ParameterSlice> slices_{{"weight", {2}, 0, {}}, {"bias", {1}, 2, {"bias"}}};
  Curvature curvature_;
};

// Looks at the objective that it is given.
class Look final : public Optimizer {
 public:
  explicit Look(std::function<void(Objective&, const Tensor&)> look) : look_(std::move(look)) {}
  StepReport step(Objective& objective, const Tensor& theta) override {
    look_(objective, theta);
    return {};
  }
  void visit(StateVisitor&) override {}

 private:
  std::function<void(Objective&, const Tensor&)> look_;
};

TEST(Wrappers, AddL2ToProductsExactly) {
  for (const bool exclude : {false, true}) {
    int looked = 0;
    const auto look = [&](Objective& f, const Tensor& theta) {
      ++looked;
      const Tensor v = Tensor::of({2, 3}, {1, -2, 0.5, 0.3, 0.7, -1}), h = Tensor::zeros({2, 3}, DType::float64),
                   g = h.clone();
      f.move_to(theta);
      multiply(f.curvature()->hessian, v, h);
      multiply(f.curvature()->gauss_newton, v, g);
      for (std::int64_t row = 0; row < 2; ++row) {
        const Tensor one = v.part(3 * row, {3}), product = Tensor::zeros({3}, DType::float64);
        multiply(f.curvature()->hessian, one, product);
        // Central differences of the penalised gradient along v; and of the value.
        constexpr double step = 1e-5;
        Tensor ahead = theta.clone(), behind = theta.clone();
        for (int i = 0; i < 3; ++i)
          ahead.set(i, theta.at(i) + step * one.at(i)), behind.set(i, theta.at(i) - step * one.at(i));
        f.move_to(ahead);
        const Vector after = f.gradient().to_vector();
        const double value_after = f.value();
        f.move_to(behind);
        const Vector before = f.gradient().to_vector();
        const double slope = (value_after - f.value()) / (2 * step);
        f.move_to(theta);
        double along = 0;
        for (int i = 0; i < 3; ++i) {
          along += f.gradient().at(i) * one.at(i);
          const auto k = static_cast<std::size_t>(i);
          EXPECT_NEAR(product.at(i), (after[k] - before[k]) / (2 * step), 1e-8);
          EXPECT_EQ(product.at(i), h.at(3 * row + i));
          const double weight = exclude && i == 2 ? 0 : 0.7;
          EXPECT_NEAR(g.at(3 * row + i), (std::pow(theta.at(i), 2) + weight) * one.at(i), 1e-14);
        }
        EXPECT_NEAR(slope, along, 1e-8);
      }
    };
    const WrapperKind& kind = wrapper("l2_penalty");
    const NamedValues values = {{"l2", 0.7}, {"l2_exclude", exclude ? "bias" : "none"}};
    const auto optimizer = kind.make(values, {std::make_unique<Look>(look)});
    Quartic objective;
    optimizer->step(objective, Tensor::of({3}, {0.5, -1, 2}));
    EXPECT_EQ(looked, 1);
  }
}

TEST(Wrappers, LeaveOutWhatIsTagged) {
  Quartic objective;
  const auto end = [&](const Recipe::Wrapped& wrapped) {
    const Tensor theta = Tensor::of({3}, {0, 0, 1});  // only the bias has a gradient
    make_optimizer({.values = {{"learning_rate", 0.1}}, .wrappers = {wrapped}})->step(objective, theta);
    return theta.to_vector();
  };
  const Vector without = end({"clip_by_norm", {{"clip_norm", 100.0}}});
  EXPECT_EQ(end({"l2_penalty", {{"l2", 0.5}, {"l2_exclude", "bias"}}}), without);
  EXPECT_EQ(end({"l1_penalty", {{"l1", 0.5}, {"l1_exclude", "bias+norm"}}}), without);
  EXPECT_EQ(end({"proximal_l1", {{"proximal_l1", 0.5}, {"proximal_exclude", "bias"}}}), without);
  EXPECT_EQ(end({"decoupled_weight_decay", {{"decay_exclude", "bias"}}}), without);
  EXPECT_NE(end({"decoupled_weight_decay", {}}), without);
  EXPECT_EQ(refusal_of([&] {
              end({"l2_penalty", {{"l2_exclude", "norm"}}});
            }),
            "l2_penalty: l2_exclude = norm: no parameter of this model has such a tag");
}

}  // namespace
}  // namespace gradus::optim
