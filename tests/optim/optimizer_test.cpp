// What every objective and every optimizer promises, whatever its formula.
#include "optim/optimizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <thread>

#include "tests/optim/problems.h"

namespace gradus::optim {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

// |theta|^2 / 2, which remembers what it was made to compute.
class Bowl final : public Objective {
 public:
  explicit Bowl(std::int64_t size, DType type = DType::float64) : size_(size), type_(type) {}
  std::int64_t size() const override { return size_; }
  DType dtype() const override { return type_; }
  std::span<const Slice> slices() const override { return layers.empty() ? Objective::slices() : layers; }

  std::vector<Slice> layers;
  int values_computed = 0, gradients_computed = 0;
  std::chrono::milliseconds delay{0};

 protected:
  double compute_value(const Tensor& theta) override {
    ++values_computed;
    return answer(theta);
  }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    ++gradients_computed;
    gradient.copy_from(theta);
    return answer(theta);
  }
  std::int64_t examples() const override { return 32; }

 private:
  double answer(const Tensor& theta) const {
    std::this_thread::sleep_for(delay);
    double sum = 0;
    for (const double x : theta.to_vector()) sum += x * x / 2;
    return sum;
  }
  std::int64_t size_;
  DType type_;
};

struct MatrixShape {
  std::int64_t rows, columns;
};

// A bowl whose parameters are those of layers: a wide matrix, a tall kernel, an embedding and a bias.
Bowl layered_bowl(DType type = DType::float64) {
  Bowl bowl(41, type);
  bowl.layers = {{"dense.weight", {3, 4}, 0, {}},
                 {"conv.weight", {2, 3, 2}, 12, {}},
                 {"tokens", {7, 2}, 24, {"embedding"}},
                 {"dense.bias", {3}, 38, {"bias"}}};
  return bowl;
}

// The message of the std::invalid_argument that `f` throws; empty if it throws nothing.
template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

std::string error_of_making(const std::string& name, const NamedValues& values = {}) {
  return error_of([&] { make_optimizer(name, values); });
}

// What is shown, by name.
struct Collected final : StateVisitor {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::int64_t> counters;
  void tensor(std::string_view name, Tensor& value) override {
    EXPECT_TRUE(tensors.emplace(name, value.defined() ? value.clone() : Tensor()).second) << name << " twice";
  }
  void counter(std::string_view name, std::int64_t& value) override {
    EXPECT_TRUE(counters.emplace(name, value).second) << name << " twice";
  }
  std::map<std::string, double> numbers;
  void number(std::string_view name, double& value) override {
    EXPECT_TRUE(numbers.emplace(name, value).second) << name << " twice";
  }
};
Collected state_of(Optimizer& optimizer) {
  Collected state;
  optimizer.visit(state);
  return state;
}

// Puts back what was collected.
struct Restore final : StateVisitor {
  explicit Restore(const Collected& saved_state) : saved(saved_state) {}
  const Collected& saved;
  void tensor(std::string_view name, Tensor& value) override {
    const Tensor& kept = saved.tensors.at(std::string(name));
    value = kept.defined() ? kept.clone() : Tensor();
  }
  void counter(std::string_view name, std::int64_t& value) override { value = saved.counters.at(std::string(name)); }
  void number(std::string_view name, double& value) override { value = saved.numbers.at(std::string(name)); }
};

// Each method in each form that keeps other state, with the names of what it keeps for parameters that are one vector.
struct Variant {
  std::string method;
  NamedValues values;
  std::set<std::string> vectors, counters, numbers = {};
};
const std::vector<Variant>& variants() {
  static const std::vector<Variant> all{
      {"gradient_descent", {}, {}, {}},
      {"sgd", {}, {}, {}},
      {"momentum", {}, {"velocity"}, {}},
      {"nesterov", {}, {"velocity"}, {}},
      {"adam", {}, {"first_moment", "second_moment"}, {"step"}},
      {"adam", {{"amsgrad", 1}}, {"first_moment", "second_moment", "largest_second_moment"}, {"step"}},
      {"adamw", {}, {"first_moment", "second_moment"}, {"step"}},
      {"adamw", {{"amsgrad", 1}}, {"first_moment", "second_moment", "largest_second_moment"}, {"step"}},
      {"rmsprop", {}, {"second_moment"}, {}},
      {"rmsprop", {{"momentum", 0.9}}, {"second_moment", "velocity"}, {}},
      {"rmsprop", {{"centered", 1}}, {"second_moment", "first_moment"}, {}},
      {"rmsprop", {{"centered", 1}, {"momentum", 0.9}}, {"second_moment", "first_moment", "velocity"}, {}},
      {"adagrad", {}, {"accumulator"}, {}},
      {"adagrad", {{"initial_accumulator", 0.1}}, {"accumulator"}, {}},
      {"adadelta", {}, {"gradient_squares", "step_squares"}, {}},
      {"adamax", {}, {"first_moment", "largest_gradient"}, {"step"}},
      {"nadam", {}, {"first_moment", "second_moment"}, {"step"}, {"momentum_product"}},
      {"radam", {}, {"first_moment", "second_moment"}, {"step"}},
      {"adabelief", {}, {"first_moment", "surprise"}, {"step"}},
      {"yogi", {}, {"first_moment", "second_moment"}, {}},
      {"adan", {}, {"first_moment", "difference_moment", "second_moment", "previous_gradient"}, {"step"}},
      {"lion", {}, {"momentum"}, {}},
      {"lamb", {}, {"first_moment", "second_moment"}, {"step"}},
      {"lars", {}, {"velocity"}, {}},
      {"adafactor", {}, {"second_moment"}, {"step"}},
      {"adafactor", {{"scale_parameter", 0}}, {"second_moment"}, {"step"}},
      {"rprop", {}, {"step_size", "previous_gradient"}, {}},
      {"signsgd", {}, {}, {}},
      {"asgd", {}, {"average"}, {"step"}},
      {"asgd", {{"average_start", 5}}, {"average"}, {"step"}},
      {"muon", {}, {"first_moment", "second_moment"}, {"step"}},
      {"muon", {{"nesterov", 0}}, {"first_moment", "second_moment"}, {"step"}},
      {"prodigy", {}, {"first_moment", "second_moment", "weighted_sum", "start"}, {}, {"numerator", "distance"}},
      {"schedule_free_sgd", {}, {"base_point", "average"}, {"step"}, {"weight_sum"}},
      {"schedule_free_sgd", {{"warmup_steps", 4}}, {"base_point", "average"}, {"step"}, {"weight_sum"}},
      {"schedule_free_adamw", {}, {"second_moment", "base_point", "average"}, {"step"}, {"weight_sum"}},
      {"ademamix", {}, {"fast_moment", "slow_moment", "second_moment"}, {"step"}},
      {"ademamix", {{"warmup_steps", 10}}, {"fast_moment", "slow_moment", "second_moment"}, {"step"}},
      {"shampoo", {}, {"diagonal_statistics"}, {"step"}},
      {"shampoo", {{"momentum", 0.9}}, {"diagonal_statistics", "velocity"}, {"step"}},
      {"shampoo", {{"update_interval", 3}}, {"diagonal_statistics"}, {"step"}},
      {"amsgrad", {}, {"first_moment", "second_moment", "largest_second_moment"}, {"step"}},
  };
  return all;
}
std::string label(const Variant& v) {
  std::string text = v.method;
  for (const auto& [name, value] : v.values)
    text += " " + name + "=" + (value.is_text() ? value.text() : std::to_string(value.number()));
  return text;
}

TEST(Objective, ComputesOnTheFirstRequestOnly) {
  Bowl bowl(2);
  const Tensor theta = Tensor::of({2}, {3, 4});
  bowl.move_to(theta);
  EXPECT_EQ(bowl.values_computed + bowl.gradients_computed, 0);
  EXPECT_EQ(bowl.value(), 12.5);
  EXPECT_EQ(bowl.value(), 12.5);
  EXPECT_EQ(bowl.values_computed, 1);
  EXPECT_EQ(bowl.gradient().to_vector(), (Vector{3, 4}));
  EXPECT_EQ(bowl.gradient().to_vector(), (Vector{3, 4}));
  EXPECT_EQ(bowl.gradients_computed, 1);

  bowl.move_to(Tensor::of({2}, {6, 8}));  // forgets
  EXPECT_EQ(bowl.gradient().to_vector(), (Vector{6, 8}));
  EXPECT_EQ(bowl.value(), 50);  // known from the gradient
  EXPECT_EQ(bowl.values_computed, 1);
  EXPECT_EQ(bowl.gradients_computed, 2);

  EXPECT_EQ(bowl.costs().values, 1);
  EXPECT_EQ(bowl.costs().gradients, 2);
  EXPECT_EQ(bowl.costs().examples, 3 * 32);
}

TEST(Objective, RefersToTheVectorAndForgetsWhenTold) {
  Bowl bowl(2);
  const Tensor theta = Tensor::of({2}, {3, 4});
  bowl.move_to(theta);
  EXPECT_EQ(bowl.value(), 12.5);
  theta.set(0, 0);
  EXPECT_EQ(bowl.value(), 12.5);
  bowl.invalidate();
  EXPECT_EQ(bowl.value(), 8);
  EXPECT_EQ(bowl.gradient().to_vector(), (Vector{0, 4}));
  theta.set(1, 2);
  bowl.move_to(theta);  // the same vector is another point too
  EXPECT_EQ(bowl.gradient().to_vector(), (Vector{0, 2}));
  EXPECT_EQ(bowl.costs().values, 2);
  EXPECT_EQ(bowl.costs().gradients, 2);
}

TEST(Objective, MeasuresTheTimeOfWhatItComputes) {
  Bowl bowl(2);
  bowl.delay = std::chrono::milliseconds(5);
  bowl.move_to(Tensor::of({2}, {3, 4}));
  EXPECT_EQ(bowl.costs().seconds, 0);
  bowl.value();
  const double after_value = bowl.costs().seconds;
  EXPECT_GE(after_value, 0.005);
  bowl.gradient();
  const double after_gradient = bowl.costs().seconds;
  EXPECT_GE(after_gradient, after_value + 0.005);
  bowl.value(), bowl.gradient();
  EXPECT_EQ(bowl.costs().seconds, after_gradient);
}

TEST(Objective, CannotBeAskedBeforeItHasAPoint) {
  Bowl bowl(2);
  EXPECT_THROW(bowl.value(), std::logic_error);
  EXPECT_THROW(bowl.gradient(), std::logic_error);
  EXPECT_EQ(bowl.costs().values + bowl.costs().gradients + bowl.costs().examples, 0);
}

TEST(Objective, RefusesAPointOfAnotherSizeOrType) {
  Bowl bowl(2);
  const auto moving_to = [&](const Tensor& theta) { return error_of([&] { bowl.move_to(theta); }); };
  EXPECT_EQ(moving_to(Tensor::zeros({3}, DType::float64)), "objective: point [3] of float64, expected [2] of float64");
  EXPECT_EQ(moving_to(Tensor::zeros({2}, DType::float32)), "objective: point [2] of float32, expected [2] of float64");
  EXPECT_EQ(moving_to(Tensor::zeros({2, 1}, DType::float64)),
            "objective: point [2, 1] of float64, expected [2] of float64");
  EXPECT_NE(moving_to(Tensor()), "");
  EXPECT_THROW(bowl.value(), std::logic_error);  // none of them was taken
}

TEST(Methods, AreNamedOnceAndExplained) {
  std::set<std::string> names;
  for (const Method& m : methods()) {
    EXPECT_TRUE(names.insert(m.name).second) << m.name;
    EXPECT_EQ(&method(m.name), &m);
    EXPECT_FALSE(m.source.empty()) << m.name;
    EXPECT_FALSE(m.formula.empty()) << m.name;
    std::set<std::string> of_this;
    for (const Hyperparameter& h : m.hyperparameters) {
      EXPECT_TRUE(of_this.insert(h.name).second) << m.name << ": " << h.name;
      EXPECT_FALSE(h.help.empty()) << m.name << ": " << h.name;
    }
    if (m.family == Family::curvature) continue;  // tests/optim/curvature_methods_test.cpp
    EXPECT_TRUE(of_this.count("learning_rate")) << m.name;
    EXPECT_TRUE(std::any_of(variants().begin(), variants().end(), [&](const Variant& v) { return v.method == m.name; }))
        << m.name << " is not among the variants of this test";
  }
}

// The papers' values where they give any, PyTorch's otherwise; RMSprop's epsilon is Keras's.
TEST(Methods, HaveTheDefaultsThatAreDocumented) {
  const std::map<std::string, std::map<std::string, double>> defaults{
      {"gradient_descent", {{"learning_rate", 0.01}}},
      {"sgd", {{"learning_rate", 0.01}}},
      {"momentum", {{"learning_rate", 0.01}, {"momentum", 0.9}}},
      {"nesterov", {{"learning_rate", 0.01}, {"momentum", 0.9}}},
      {"adam", {{"learning_rate", 1e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-8}, {"amsgrad", 0}}},
      {"adamw",
       {{"learning_rate", 1e-3},
        {"beta1", 0.9},
        {"beta2", 0.999},
        {"epsilon", 1e-8},
        {"amsgrad", 0},
        {"weight_decay", 0.01}}},
      {"rmsprop", {{"learning_rate", 1e-3}, {"rho", 0.9}, {"epsilon", 1e-7}, {"momentum", 0}, {"centered", 0}}},
      {"adagrad", {{"learning_rate", 0.01}, {"epsilon", 1e-10}, {"initial_accumulator", 0}}},
      {"adadelta", {{"learning_rate", 1}, {"rho", 0.9}, {"epsilon", 1e-6}}},
      {"adamax", {{"learning_rate", 2e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-8}}},
      {"nadam",
       {{"learning_rate", 2e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-8}, {"momentum_decay", 0.004}}},
      {"radam", {{"learning_rate", 1e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-8}}},
      {"adabelief", {{"learning_rate", 1e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-16}}},
      {"yogi",
       {{"learning_rate", 0.01}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-3}, {"initial_accumulator", 1e-6}}},
      {"adan",
       {{"learning_rate", 1e-3},
        {"beta1", 0.98},
        {"beta2", 0.92},
        {"beta3", 0.99},
        {"epsilon", 1e-8},
        {"weight_decay", 0}}},
      {"lion", {{"learning_rate", 1e-4}, {"beta1", 0.9}, {"beta2", 0.99}, {"weight_decay", 0}}},
      {"lamb", {{"learning_rate", 1e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-6}, {"weight_decay", 0.01}}},
      {"lars", {{"learning_rate", 0.1}, {"momentum", 0.9}, {"trust_coefficient", 1e-3}, {"weight_decay", 0}}},
      {"adafactor",
       {{"learning_rate", 0.01},
        {"decay_exponent", 0.8},
        {"epsilon1", 1e-30},
        {"epsilon2", 1e-3},
        {"clip_threshold", 1},
        {"scale_parameter", 1}}},
      {"rprop",
       {{"learning_rate", 0.01}, {"increase", 1.2}, {"decrease", 0.5}, {"smallest_step", 1e-6}, {"largest_step", 50}}},
      {"signsgd", {{"learning_rate", 1e-3}}},
      {"asgd", {{"learning_rate", 0.01}, {"average_start", 0}}},
      {"muon",
       {{"learning_rate", 0.02},
        {"momentum", 0.95},
        {"nesterov", 1},
        {"newton_schulz_steps", 5},
        {"weight_decay", 0},
        {"adam_learning_rate", 3e-4},
        {"beta1", 0.9},
        {"beta2", 0.95},
        {"epsilon", 1e-10}}},
      {"prodigy",
       {{"learning_rate", 1},
        {"beta1", 0.9},
        {"beta2", 0.999},
        {"epsilon", 1e-8},
        {"weight_decay", 0},
        {"initial_distance", 1e-6}}},
      {"schedule_free_sgd", {{"learning_rate", 0.1}, {"momentum", 0.9}, {"weight_decay", 0}, {"warmup_steps", 0}}},
      {"schedule_free_adamw",
       {{"learning_rate", 2.5e-3},
        {"beta1", 0.9},
        {"beta2", 0.999},
        {"epsilon", 1e-8},
        {"weight_decay", 0},
        {"warmup_steps", 0}}},
      {"ademamix",
       {{"learning_rate", 1e-3},
        {"beta1", 0.9},
        {"beta2", 0.999},
        {"beta3", 0.9999},
        {"alpha", 8},
        {"epsilon", 1e-8},
        {"weight_decay", 0},
        {"warmup_steps", 0}}},
      {"shampoo",
       {{"learning_rate", 0.1}, {"epsilon", 1e-4}, {"momentum", 0}, {"update_interval", 1}, {"max_dimension", 1024}}},
      {"amsgrad", {{"learning_rate", 1e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-8}}},
  };
  for (const Method& m : methods()) {
    if (m.family == Family::curvature) continue;  // tests/optim/curvature_methods_test.cpp
    std::map<std::string, double> found;
    for (const Hyperparameter& h : m.hyperparameters) found[h.name] = h.default_value;
    ASSERT_TRUE(defaults.count(m.name)) << m.name;
    EXPECT_EQ(found, defaults.at(m.name)) << m.name;
  }
}

// Theta after some steps on a problem.
Vector end_of(const Problem& problem, const std::string& name, const NamedValues& values, int steps) {
  const auto objective = problem.objective(DType::float64);
  const auto optimizer = make_optimizer(name, values);
  const Tensor theta = Tensor::of({objective->size()}, problem.start);
  for (int t = 0; t < steps; ++t) optimizer->step(*objective, theta);
  return theta.to_vector();
}

TEST(MakeOptimizer, UsesTheDefaultOfWhatIsNotGiven) {
  for (const Method& m : methods()) {
    if (m.family == Family::curvature) continue;  // tests/optim/curvature_methods_test.cpp
    NamedValues all;
    for (const Hyperparameter& h : m.hyperparameters) all.push_back({h.name, h.default_value});
    EXPECT_EQ(end_of(quadratic(), m.name, {}, 20), end_of(quadratic(), m.name, all, 20)) << m.name;
    std::reverse(all.begin(), all.end());  // the order does not matter
    EXPECT_EQ(end_of(quadratic(), m.name, {}, 20), end_of(quadratic(), m.name, all, 20)) << m.name;
  }
}

TEST(MakeOptimizer, NamesTheMethodsWhereOneIsUnknown) {
  std::string all = "expected one of";
  for (const Method& m : methods()) all += (&m == &methods().front() ? " " : ", ") + m.name;
  EXPECT_EQ(all.substr(0, 42), "expected one of gradient_descent, sgd, mom");
  EXPECT_EQ(error_of_making("adm"), "unknown optimizer 'adm': did you mean adam? " + all);
  EXPECT_EQ(error_of_making("nestrov"), "unknown optimizer 'nestrov': did you mean nesterov? " + all);
  EXPECT_EQ(error_of_making("Adam"), "unknown optimizer 'Adam': did you mean adam? " + all);
  EXPECT_EQ(error_of_making("levenberg"), "unknown optimizer 'levenberg': " + all);
  EXPECT_EQ(error_of_making("gd"), "unknown optimizer 'gd': did you mean sgd? " + all);
  EXPECT_EQ(error_of_making("x"), "unknown optimizer 'x': " + all);
  EXPECT_EQ(error_of_making(""), "unknown optimizer '': " + all);
  EXPECT_EQ(error_of([] { method("sdg"); }), "unknown optimizer 'sdg': did you mean sgd? " + all);
}

TEST(MakeOptimizer, NamesTheHyperparametersWhereOneIsUnknown) {
  const std::string adam = "expected one of learning_rate, beta1, beta2, epsilon, amsgrad";
  EXPECT_EQ(error_of_making("adam", {{"beta_1", 0.9}}),
            "adam: unknown hyperparameter 'beta_1': did you mean beta1? " + adam);
  EXPECT_EQ(error_of_making("adam", {{"momentum", 0.9}}), "adam: unknown hyperparameter 'momentum': " + adam);
  EXPECT_EQ(error_of_making("sgd", {{"lr", 0.1}}), "sgd: unknown hyperparameter 'lr': expected one of learning_rate");
}

TEST(MakeOptimizer, RefusesValuesOutOfRange) {
  const auto refused = [](const std::string& method, const std::string& name, std::vector<double> values) {
    std::set<std::string> messages;
    for (const double value : values) {
      std::string message = error_of_making(method, {{name, value}});
      messages.insert(message.empty() ? std::to_string(value) + " was accepted" : message.substr(message.find(',')));
    }
    return messages;
  };
  using Messages = std::set<std::string>;
  const Messages positive{", expected a finite number > 0"}, non_negative{", expected a finite number >= 0"};
  EXPECT_EQ(refused("sgd", "learning_rate", {0, -1e-3, nan, infinity, -infinity}), positive);
  EXPECT_EQ(refused("adam", "epsilon", {0, -1e-8, nan, infinity}), positive);
  EXPECT_EQ(refused("adam", "beta1", {-0.1, 1, 1.5, nan, infinity}), Messages{", expected 0 <= beta1 < 1"});
  EXPECT_EQ(refused("adam", "amsgrad", {-1, 0.5, 2, nan}), Messages{", expected 0 or 1"});
  EXPECT_EQ(refused("adamw", "weight_decay", {-1e-9, nan, infinity}), non_negative);
  EXPECT_EQ(refused("adagrad", "initial_accumulator", {-1e-9, nan, infinity}), non_negative);
  EXPECT_EQ(error_of_making("momentum", {{"momentum", 1}}), "momentum: momentum = 1, expected 0 <= momentum < 1");
  EXPECT_EQ(error_of_making("sgd", {{"learning_rate", nan}}), "sgd: learning_rate = nan, expected a finite number > 0");

  // Every hyperparameter of every method has a range, whose ends are kept and beyond which nothing is taken.
  for (const Method& m : methods())
    for (const Hyperparameter& h : m.hyperparameters) {
      const auto taken = [&](double value) {
        NamedValues values{{h.name, value}};
        if (h.name == "smallest_step") values.push_back({"largest_step", std::numeric_limits<double>::max()});
        if (h.name == "largest_step") values.push_back({"smallest_step", std::numeric_limits<double>::min()});
        return error_of_making(m.name, values).empty();
      };
      SCOPED_TRACE(m.name + ": " + h.name);
      EXPECT_TRUE(taken(h.default_value) && taken(h.low));
      EXPECT_EQ(taken(h.high), !h.high_open);
      EXPECT_TRUE(taken(h.high_open ? std::nextafter(h.high, 0) : h.high));
      EXPECT_FALSE(taken(std::nextafter(h.low, -1)));
      EXPECT_FALSE(taken(nan) || taken(infinity) || taken(-infinity));
    }
}

TEST(MakeOptimizer, RefusesValuesThatContradictEachOther) {
  EXPECT_EQ(error_of_making("rprop", {{"smallest_step", 2}, {"largest_step", 1}}),
            "rprop: smallest_step = 2, expected at most largest_step = 1");
  EXPECT_EQ(error_of_making("rprop", {{"smallest_step", 1}, {"largest_step", 1}}), "");
  EXPECT_EQ(error_of_making("rprop", {{"increase", 1}}), "rprop: increase = 1, expected a finite number > 1");
  EXPECT_EQ(error_of_making("rprop", {{"decrease", 0}}), "rprop: decrease = 0, expected 0 < decrease < 1");
}

TEST(Settings, KnowsOnlyWhatWasSet) {
  Settings settings;
  settings.set("rho", 0.9);
  EXPECT_EQ(settings["rho"], 0.9);
  EXPECT_THROW(settings["momentum"], std::logic_error);
}

TEST(Optimizer, AsksForOneGradientAStep) {
  for (const Variant& v : variants()) {
    SCOPED_TRACE(label(v));
    Bowl bowl(3);
    const auto optimizer = make_optimizer(v.method, v.values);
    const Tensor theta = Tensor::of({3}, {1, -2, 3});
    for (int t = 1; t <= 5; ++t) {
      double loss = 0;
      for (const double x : theta.to_vector()) loss += x * x / 2;
      EXPECT_EQ(optimizer->step(bowl, theta).loss, loss);
      EXPECT_EQ(bowl.costs().gradients, t);
      EXPECT_EQ(bowl.costs().values, 0);
      EXPECT_EQ(bowl.costs().examples, 32 * t);
    }
  }
}

TEST(Optimizer, RefusesAThetaThatIsNotTheObjectives) {
  for (const Variant& v : variants()) {
    SCOPED_TRACE(label(v));
    Bowl bowl(3);
    const auto optimizer = make_optimizer(v.method, v.values);
    const Tensor wrong_size = Tensor::of({4}, {1, 2, 3, 4});
    EXPECT_NE(error_of([&] { optimizer->step(bowl, wrong_size); }), "");
    EXPECT_NE(error_of([&] { optimizer->step(bowl, Tensor::zeros({3}, DType::float32)); }), "");
    EXPECT_NE(error_of([&] { optimizer->step(bowl, Tensor()); }), "");
    // Nothing was touched.
    EXPECT_EQ(wrong_size.to_vector(), (Vector{1, 2, 3, 4}));
    EXPECT_EQ(optimizer->state_bytes(), 0);
    for (const auto& [name, value] : state_of(*optimizer).counters) EXPECT_EQ(value, 0) << name;
  }
}

TEST(Optimizer, KeepsTheStateOfItsFormulaAndNoMore) {
  constexpr std::int64_t size = 10;
  for (const Variant& v : variants())
    for (const DType type : {DType::float32, DType::float64}) {
      SCOPED_TRACE(label(v));
      Bowl bowl(size, type);
      const auto optimizer = make_optimizer(v.method, v.values);
      EXPECT_EQ(optimizer->state_bytes(), 0);  // before it knows of a theta
      const Tensor theta = Tensor::full({size}, 1, type);
      for (int t = 0; t < 3; ++t) optimizer->step(bowl, theta);

      const Collected state = state_of(*optimizer);
      std::set<std::string> vectors, counters, numbers;
      for (const auto& [name, value] : state.tensors) {
        if (!value.defined()) continue;  // of slices that there are none of
        vectors.insert(name);
        EXPECT_EQ(value.shape(), theta.shape()) << name;
        EXPECT_EQ(value.dtype(), type) << name;
      }
      for (const auto& [name, value] : state.counters) {
        counters.insert(name);
        EXPECT_EQ(value, 3) << name;
      }
      EXPECT_EQ(vectors, v.vectors);
      for (const auto& [name, value] : state.numbers) numbers.insert(name);
      EXPECT_EQ(counters, v.counters);
      EXPECT_EQ(numbers, v.numbers);
      EXPECT_EQ(optimizer->state_bytes(), (type == DType::float32 ? 4 : 8) * size * std::ssize(v.vectors));
    }
}

// The sizes of the state of layered_bowl.
TEST(Optimizer, KeepsStateForTheSlicesThatHaveIt) {
  using Sizes = std::map<std::string, std::int64_t>;
  const auto sizes_of = [](const std::string& method, const NamedValues& values) {
    Bowl bowl = layered_bowl();
    const auto optimizer = make_optimizer(method, values);
    const Tensor theta = Tensor::full({bowl.size()}, 1, DType::float64);
    for (int t = 0; t < 2; ++t) optimizer->step(bowl, theta);
    Sizes sizes;
    for (const auto& [name, value] : state_of(*optimizer).tensors)
      if (value.defined()) sizes[name] = value.size();
    return sizes;
  };
  EXPECT_EQ(sizes_of("adafactor", {}),
            (Sizes{{"row_moment", 3 + 6 + 7}, {"column_moment", 4 + 2 + 2}, {"second_moment", 3}}));
  EXPECT_EQ(sizes_of("muon", {}), (Sizes{{"momentum", 12 + 12}, {"first_moment", 14 + 3}, {"second_moment", 14 + 3}}));
  EXPECT_EQ(sizes_of("shampoo", {}),
            (Sizes{{"row_statistics", 9 + 36 + 49}, {"column_statistics", 16 + 4 + 4}, {"diagonal_statistics", 3}}));
  EXPECT_EQ(sizes_of("shampoo", {{"max_dimension", 3}, {"update_interval", 2}, {"momentum", 0.5}}),
            (Sizes{{"row_statistics", 9},
                   {"row_roots", 9},
                   {"column_statistics", 4 + 4},
                   {"column_roots", 4 + 4},
                   {"diagonal_statistics", 3},
                   {"velocity", 41}}));
}

TEST(Optimizer, RefusesSlicesThatChangeTheirShapes) {
  for (const Method& m : methods()) {
    if (m.family != Family::layerwise || m.name == "lars" || m.name == "prodigy")
      continue;  // they have no memory of slices
    Bowl bowl = layered_bowl();
    const auto optimizer = make_optimizer(m.name);
    const Tensor theta = Tensor::full({bowl.size()}, 1, DType::float64);
    optimizer->step(bowl, theta);
    std::swap(bowl.layers[0].shape[0], bowl.layers[0].shape[1]);
    EXPECT_NE(error_of([&] { optimizer->step(bowl, theta); }), "") << m.name;
  }
}

// Muon moves a matrix by one whose singular values are near 1; from a gradient of any scale.
TEST(Optimizer, MuonsStepsAreNearlyOrthogonal) {
  for (const double scale : {1e-3, 1.0, 1e3})
    for (const MatrixShape& shape : {MatrixShape{5, 20}, MatrixShape{20, 5}, MatrixShape{8, 8}}) {
      const auto [rows, columns] = shape;
      Bowl bowl(rows * columns);
      bowl.layers = {{"weight", {rows, columns}, 0, {}}};
      Vector start = random_numbers(static_cast<std::size_t>(bowl.size()), 11);
      for (double& x : start) x *= scale;
      const Tensor theta = Tensor::of({bowl.size()}, start);
      make_optimizer("muon", {{"learning_rate", 1}, {"newton_schulz_steps", 12}})->step(bowl, theta);
      const double factor = std::sqrt(std::max(1.0, static_cast<double>(columns) / static_cast<double>(rows)));
      double squares = 0;  // of the step, the sum of its singular values' squares
      for (std::int64_t i = 0; i < theta.size(); ++i)
        squares += std::pow((start[static_cast<std::size_t>(i)] - theta.at(i)) / factor, 2);
      const double mean = std::sqrt(squares / static_cast<double>(std::min(rows, columns)));
      EXPECT_GT(mean, 0.65) << rows << " x " << columns << " times " << scale;
      EXPECT_LT(mean, 1.25) << rows << " x " << columns << " times " << scale;
    }
}

// Averaging methods are evaluated at the average, which stays where it is until the next step.
TEST(Optimizer, EvaluatesAtTheAverageWhereThereIsOne) {
  for (const Variant& v : variants()) {
    SCOPED_TRACE(label(v));
    Bowl bowl(3);
    const auto optimizer = make_optimizer(v.method, v.values);
    const Tensor theta = Tensor::of({3}, {1, -2, 3});
    EXPECT_EQ(optimizer->evaluation_point(theta).raw(), theta.raw());
    for (int t = 0; t < 10; ++t) optimizer->step(bowl, theta);
    const Tensor point = optimizer->evaluation_point(theta);
    if (v.vectors.count("average")) {
      EXPECT_EQ(point.to_vector(), state_of(*optimizer).tensors.at("average").to_vector());
      EXPECT_NE(point.to_vector(), theta.to_vector());
    } else {
      EXPECT_EQ(point.raw(), theta.raw());
    }
  }
}

// What visit() shows is all there is: put into a new optimizer, it continues with the same bits.
void expect_continuation(const Variant& v, Objective& objective, const Vector& start) {
  const Tensor theta = Tensor::of({objective.size()}, start, objective.dtype());
  const auto optimizer = make_optimizer(v.method, v.values);
  for (int t = 0; t < 7; ++t) optimizer->step(objective, theta);

  const Tensor other_theta = theta.clone();
  const auto other = make_optimizer(v.method, v.values);
  const Collected saved = state_of(*optimizer);
  Restore restore(saved);
  other->visit(restore);
  for (int t = 0; t < 7; ++t) {
    optimizer->step(objective, theta);
    other->step(objective, other_theta);
  }
  const auto end_of = [](Optimizer& o, const Tensor& t) { return o.evaluation_point(t).to_vector(); };
  EXPECT_EQ(theta.to_vector(), other_theta.to_vector());
  EXPECT_EQ(end_of(*optimizer, theta), end_of(*other, other_theta));
  if (v.vectors.empty() || v.method == "lion") return;  // here the gradient alone decides the signs of Lion's steps
  const auto forgetful = make_optimizer(v.method, v.values);
  forgetful->step(objective, theta), optimizer->step(objective, other_theta);
  EXPECT_NE(end_of(*forgetful, theta), end_of(*optimizer, other_theta));
}

TEST(Optimizer, ContinuesFromStateThatIsRestored) {
  for (const Variant& v : variants())
    for (const DType type : {DType::float32, DType::float64}) {
      SCOPED_TRACE(label(v));
      const auto network = tanh_network().objective(type);
      expect_continuation(v, *network, tanh_network().start);
      Bowl bowl = layered_bowl(type);
      expect_continuation(v, bowl, random_numbers(static_cast<std::size_t>(bowl.size()), 9));
    }
}

// A vector is as many independent numbers: in any order they take the same steps, wherever blocks begin and end.
TEST(Optimizer, TreatsEachParameterAlike) {
  for (const Variant& v : variants())
    for (const std::int64_t size : {1, 7, 64, 1001, 20011}) {
      SCOPED_TRACE(label(v) + " of " + std::to_string(size));
      Vector start = random_numbers(static_cast<std::size_t>(size), 7);
      Bowl bowl(size), reversed_bowl(size);
      const auto optimizer = make_optimizer(v.method, v.values), reversed = make_optimizer(v.method, v.values);
      const Tensor theta = Tensor::of({size}, start);
      std::reverse(start.begin(), start.end());
      const Tensor reversed_theta = Tensor::of({size}, start);
      for (int t = 0; t < 3; ++t) {
        optimizer->step(bowl, theta);
        reversed->step(reversed_bowl, reversed_theta);
      }
      double worst = 0, moved = infinity;
      for (std::int64_t i = 0; i < size; ++i) {
        worst = std::max(worst, std::abs(theta.at(i) - reversed_theta.at(size - 1 - i)));
        moved = std::min(moved, std::abs(theta.at(i) - start[static_cast<std::size_t>(size - 1 - i)]));
      }
      // Sums over all of theta are rounded otherwise in another order.
      EXPECT_LT(worst, method(v.method).family == Family::elementwise ? 1e-14 : 1e-13);
      EXPECT_GT(moved, 0);
    }
}

TEST(Optimizer, StaysAtAPointWithoutSlope) {
  for (const Variant& v : variants())
    for (const DType type : {DType::float32, DType::float64}) {
      SCOPED_TRACE(label(v));
      FunctionObjective flat([](const Vector&, Vector&) { return 1.0; }, 5, type);
      const Tensor theta = Tensor::of({5}, {-2, -1, 0, 1, 2}, type);
      const auto optimizer = make_optimizer(v.method, v.values);
      for (int t = 0; t < 10; ++t) optimizer->step(flat, theta);
      // Weight decay is the one thing that moves it: by 1 - rate * decay = 1 - 1e-5 each step. LAMB makes a step of
      // relative size learning_rate of the decay alone.
      const double shrunk = v.method == "adamw"  ? std::pow(1 - 1e-5, 10)
                            : v.method == "lamb" ? std::pow(1 - 1e-3, 10)
                                                 : 1;
      for (int i = 0; i < 5; ++i) EXPECT_NEAR(theta.at(i), (i - 2) * shrunk, shrunk == 1 ? 0 : 2e-6) << i;
    }
}

// Under a constant slope the centred second moment is a difference of equal numbers, which rounding may leave negative.
TEST(Optimizer, StaysFiniteUnderAConstantSlope) {
  const Vector slopes = random_numbers(50, 8);
  for (const Variant& v : variants())
    for (const DType type : {DType::float32, DType::float64}) {
      SCOPED_TRACE(label(v));
      FunctionObjective plane(
          [&](const Vector& theta, Vector& gradient) {
            gradient = slopes;
            double value = 0;
            for (std::size_t i = 0; i < theta.size(); ++i) value += slopes[i] * theta[i];
            return value;
          },
          std::ssize(slopes), type);
      const Tensor theta = Tensor::zeros({std::ssize(slopes)}, type);
      const auto optimizer = make_optimizer(v.method, v.values);
      // Prodigy's estimate of the distance to a minimum grows without bound where there is none.
      const int steps = v.method == "prodigy" ? 50 : 1000;
      for (int t = 0; t < steps; ++t) optimizer->step(plane, theta);
      for (std::int64_t i = 0; i < theta.size(); ++i) {
        ASSERT_TRUE(std::isfinite(theta.at(i))) << "slope " << slopes[static_cast<std::size_t>(i)];
        ASSERT_LT(theta.at(i) * slopes[static_cast<std::size_t>(i)], 0) << "went up";
      }
    }
}

TEST(Optimizer, RefusesParametersThatChangeTheirNumber) {
  const auto objective_of = [](std::int64_t size, DType type) {
    return FunctionObjective([](const Vector&, Vector&) { return 1.0; }, size, type);
  };
  FunctionObjective small = objective_of(2, DType::float64), large = objective_of(10, DType::float64);
  for (const Variant& v : variants()) {
    SCOPED_TRACE(label(v));
    const auto optimizer = make_optimizer(v.method, v.values);
    optimizer->step(small, Tensor::zeros({2}, DType::float64));
    if (optimizer->state_bytes() == 0) continue;
    EXPECT_THROW(optimizer->step(large, Tensor::zeros({10}, DType::float64)), std::invalid_argument);
  }
}

}  // namespace
}  // namespace gradus::optim
