// What methods say of their own stability, against what they do on a parabola.
#include "optim/stability.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "autodiff/tensor/random.h"
#include "optim/recipe.h"
#include "tests/optim/variants.h"

namespace gradus::optim {
namespace {

// curvature x^2 / 2
class Parabola final : public Objective {
 public:
  double curvature_there = 1;
  std::int64_t size() const override { return 1; }
  DType dtype() const override { return DType::float64; }

 protected:
  double compute_value(const Tensor& theta) override { return curvature_there * theta.at(0) * theta.at(0) / 2; }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    gradient.data<double>()[0] = curvature_there * theta.at(0);
    return compute_value(theta);
  }
};

// By how much a distance from the minimum grows over 300 steps, in logarithms, where the curvature is `part` of the
// threshold.
double growth(Optimizer& optimizer, double part) {
  Parabola parabola;
  // So near the minimum that P is epsilon and nothing else.
  const Tensor theta = Tensor::full({1}, 1e-60, DType::float64);
  const auto most = [&](int steps) {
    double largest = 0;
    for (int t = 0; t < steps; ++t) {
      parabola.invalidate();
      optimizer.step(parabola, theta);
      largest = std::max(largest, std::abs(theta.at(0)));
    }
    return largest;
  };
  parabola.curvature_there = 1e-12;
  most(1000);  // until the corrections for the start are over
  const Stability stability = optimizer.stability().value();
  const double p = stability.preconditioner.defined() ? stability.preconditioner.at(0) : 1;
  parabola.curvature_there = part * stability.threshold * p;
  most(200);
  const double before = most(20);
  most(300);
  return std::log(most(20) / before);
}

NamedValues with_large_epsilon(const Method& method, NamedValues values) {
  for (const Hyperparameter& h : method.hyperparameters) {
    if (h.name == "learning_rate") values.push_back({h.name, 0.1});
    if (h.name == "epsilon") values.push_back({h.name, 1});
    if (h.name == "weight_decay") values.push_back({h.name, 1});
    // What changes slowly with the step has come to rest after 1000 steps.
    if (h.name == "beta2" || h.name == "beta3") values.push_back({h.name, 0.99});
    if (h.name == "momentum_decay") values.push_back({h.name, 1});
    if (h.name == "initial_accumulator") values.push_back({h.name, 1e-30});
  }
  return values;
}

TEST(Stability, IsWhereAMethodTurnsFromConvergingToDiverging) {
  std::set<std::string> known;
  for (const Variant& v : variants()) {
    SCOPED_TRACE(label(v));
    const auto make = [&] { return make_optimizer(v.method->name, with_large_epsilon(*v.method, v.values)); };
    const auto first = make();
    Parabola parabola;
    first->step(parabola, Tensor::full({1}, 1e-60, DType::float64));
    if (!first->stability()) continue;
    known.insert(v.method->name);
    EXPECT_LT(growth(*make(), 0.99), -0.1);
    EXPECT_GT(growth(*make(), 1.01), 0.1);
  }
  EXPECT_EQ(known,
            (std::set<std::string>{"adabelief", "adagrad", "adam", "adamax", "adamw", "adan", "ademamix", "amsgrad",
                                   "asgd", "gradient_descent", "momentum", "nadam", "nesterov", "radam", "rmsprop",
                                   "schedule_free_adamw", "schedule_free_sgd", "sgd", "yogi"}));
}

TEST(Stability, HasTheThresholdsOfTheLiterature) {
  const auto threshold = [](const char* name, const NamedValues& values) {
    const auto optimizer = make_optimizer(name, values);
    Parabola parabola;
    optimizer->step(parabola, Tensor::full({1}, 0.5, DType::float64));
    return optimizer->stability()->threshold;
  };
  EXPECT_DOUBLE_EQ(threshold("gradient_descent", {{"learning_rate", 0.1}}), 20);
  EXPECT_DOUBLE_EQ(threshold("momentum", {{"learning_rate", 0.1}, {"momentum", 0.9}}), 38);
  EXPECT_DOUBLE_EQ(threshold("nesterov", {{"learning_rate", 0.1}, {"momentum", 0.9}}), 38 / 2.8);
  EXPECT_NEAR(threshold("adam", {{"learning_rate", 0.1}, {"beta1", 0.9}}), 380, 1e-9);
  EXPECT_DOUBLE_EQ(threshold("rmsprop", {{"learning_rate", 0.1}}), 20);
}

// The last step, made of what the method says of P: only where P is that of the step do the numbers agree.
TEST(Stability, PreconditionerIsThatOfTheLastStep) {
  RandomStream random(1);
  for (const char* name : {"adam", "amsgrad", "adamw", "rmsprop", "adagrad", "yogi", "adamax", "adabelief", "radam"}) {
    SCOPED_TRACE(name);
    Parabola parabola;
    const auto optimizer = make_optimizer(name, {{"learning_rate", 0.01}});
    EXPECT_FALSE(optimizer->stability());
    const Tensor theta = Tensor::full({1}, 0.5, DType::float64);
    double m = 0, before = 0;
    for (int t = 1; t <= 5; ++t) {
      parabola.curvature_there = random.uniform(0.5, 4);
      parabola.invalidate();
      before = theta.at(0);
      m = 0.9 * m + 0.1 * parabola.curvature_there * before;
      optimizer->step(parabola, theta);
    }
    const double p = optimizer->stability()->preconditioner.at(0);
    const std::string its_name = name;
    const double decay = its_name == "adamw" ? 0.01 * 0.01 * before : 0;
    const double direction = its_name == "rmsprop" || its_name == "adagrad" ? parabola.curvature_there * before : m;
    EXPECT_NEAR(before - theta.at(0) - decay, 0.01 * direction / p, 1e-14);
  }
}

TEST(Stability, PassesThroughWhatDoesNotChangeIt) {
  const Recipe plain{.method = "gradient_descent", .values = {{"learning_rate", 0.1}}};
  const auto after_a_step = [](const Recipe& recipe) {
    const auto optimizer = make_optimizer(recipe);
    Parabola parabola;
    optimizer->step(parabola, Tensor::full({1}, 0.5, DType::float64));
    return optimizer->stability();
  };
  const auto wrapped = [&](const char* name) {
    Recipe recipe = plain;
    recipe.wrappers = {{name}};
    return after_a_step(recipe);
  };
  for (const WrapperKind& kind : wrappers()) {
    const std::set<std::string> known = {"ema", "swa", "gradient_accumulation", "decoupled_weight_decay", "l2_penalty"};
    EXPECT_EQ(wrapped(kind.name.c_str()).has_value(), known.contains(kind.name)) << kind.name;
  }
  EXPECT_DOUBLE_EQ(wrapped("ema")->threshold, 20);
  Recipe scheduled = plain;
  scheduled.schedules = {{"learning_rate", "constant", {{"warmup_steps", 4}}}};
  EXPECT_DOUBLE_EQ(after_a_step(scheduled)->threshold, 80);
  Recipe grouped = plain;
  grouped.groups = {{"theta", {{"learning_rate", 0.2}}}};  // nothing is left for the rest
  EXPECT_DOUBLE_EQ(after_a_step(grouped)->threshold, 10);
}

// Around a method with a threshold, what decays theta or changes the curvature moves it.
TEST(Stability, IsThatOfTheMethodWithinItsWrappers) {
  const auto moves = [](const char* method, const Recipe::Wrapped& wrapper) {
    Recipe recipe{.method = method, .values = with_large_epsilon(gradus::optim::method(method), {})};
    recipe.wrappers = {wrapper};
    SCOPED_TRACE(std::string(method) + " " + wrapper.name);
    const double threshold = [&] {
      const auto optimizer = make_optimizer(recipe);
      Parabola parabola;
      optimizer->step(parabola, Tensor::full({1}, 1e-60, DType::float64));
      return optimizer->stability()->threshold;
    }();
    const auto plain = make_optimizer(method, recipe.values);
    Parabola parabola;
    plain->step(parabola, Tensor::full({1}, 1e-60, DType::float64));
    EXPECT_LT(threshold, 0.96 * plain->stability()->threshold);
    EXPECT_LT(growth(*make_optimizer(recipe), 0.99), -0.1);
    EXPECT_GT(growth(*make_optimizer(recipe), 1.01), 0.1);
  };
  for (const char* method : {"sgd", "momentum", "nesterov", "adam", "adamw", "adan", "nadam", "rmsprop", "ademamix"})
    moves(method, {"decoupled_weight_decay", {{"decoupled_weight_decay", 1}}});
  for (const char* method : {"sgd", "momentum", "nesterov", "schedule_free_sgd"})
    moves(method, {"l2_penalty", {{"l2", 3}}});
}

TEST(Stability, OfWrappersIsUnknownWhereTheirEffectIsNotUniform) {
  const auto known = [](const char* method, const Recipe::Wrapped& wrapper) {
    const auto optimizer = make_optimizer({.method = method, .wrappers = {wrapper}});
    Parabola parabola;
    optimizer->step(parabola, Tensor::full({1}, 0.5, DType::float64));
    return optimizer->stability().has_value();
  };
  EXPECT_FALSE(known("adam", {"l2_penalty", {}}));
  EXPECT_FALSE(known("schedule_free_sgd", {"decoupled_weight_decay", {}}));
  EXPECT_TRUE(known("schedule_free_sgd", {"decoupled_weight_decay", {{"decoupled_weight_decay", 0}}}));
}

// Other numbers of P alone: one threshold, and each group's P in its place.
TEST(Stability, OfGroupsWithOneThresholdIsTheirs) {
  struct Two final : Objective {
    std::vector<ParameterSlice> parts = {{"a", {1}, 0, {}}, {"b", {1}, 1, {}}};
    std::int64_t size() const override { return 2; }
    DType dtype() const override { return DType::float64; }
    std::span<const ParameterSlice> slices() const override { return parts; }
    double compute_value(const Tensor&) override { return 0; }
    double compute_gradient(const Tensor&, const Tensor& gradient) override {
      gradient.fill(0);
      return 0;
    }
  };
  const auto after_a_step = [](const NamedValues& values) {
    Recipe recipe{.method = "adam", .values = {{"epsilon", 3}}};
    recipe.groups = {{"b", values}};
    const auto optimizer = make_optimizer(recipe);
    Two two;
    optimizer->step(two, Tensor::zeros({2}, DType::float64));
    return optimizer->stability();
  };
  const auto known = after_a_step({{"epsilon", 5}});
  ASSERT_TRUE(known);
  EXPECT_NEAR(known->threshold, 2 * 1.9 / (0.1 * 0.001), 1e-6);
  EXPECT_NEAR(known->preconditioner.at(0), 0.1 * 3, 1e-12);
  EXPECT_NEAR(known->preconditioner.at(1), 0.1 * 5, 1e-12);
  EXPECT_FALSE(after_a_step({{"beta1", 0.5}}));
}

}  // namespace
}  // namespace gradus::optim
