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
  EXPECT_EQ(known, (std::set<std::string>{"adagrad", "adam", "adamw", "amsgrad", "gradient_descent", "momentum",
                                          "nesterov", "rmsprop", "sgd", "yogi"}));
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
  for (const char* name : {"adam", "amsgrad", "adamw", "rmsprop", "adagrad", "yogi"}) {
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
    const bool is_average = kind.name == "ema" || kind.name == "swa";
    EXPECT_EQ(wrapped(kind.name.c_str()).has_value(), is_average) << kind.name;
  }
  EXPECT_DOUBLE_EQ(wrapped("ema")->threshold, 20);
  Recipe scheduled = plain;
  scheduled.schedules = {{"learning_rate", "constant", {{"warmup_steps", 4}}}};
  EXPECT_DOUBLE_EQ(after_a_step(scheduled)->threshold, 80);
  Recipe grouped = plain;
  grouped.groups = {{"theta", {{"learning_rate", 0.2}}}};
  EXPECT_FALSE(after_a_step(grouped));
}

}  // namespace
}  // namespace gradus::optim
