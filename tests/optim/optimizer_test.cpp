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
  void tensor(std::string_view name, Tensor& value) override { value = saved.tensors.at(std::string(name)).clone(); }
  void counter(std::string_view name, std::int64_t& value) override { value = saved.counters.at(std::string(name)); }
  void number(std::string_view name, double& value) override { value = saved.numbers.at(std::string(name)); }
};

// Each method in each form that keeps other state, with the names of its vectors and counters.
struct Variant {
  std::string method;
  NamedValues values;
  std::set<std::string> vectors, counters;
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
  };
  return all;
}
std::string label(const Variant& v) {
  std::string text = v.method;
  for (const auto& [name, value] : v.values) text += " " + name + "=" + (value.is_text() ? value.text() : std::to_string(value.number()));
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
    std::set<std::string> of_this;
    for (const Hyperparameter& h : m.hyperparameters) {
      EXPECT_TRUE(of_this.insert(h.name).second) << m.name << ": " << h.name;
      EXPECT_FALSE(h.help.empty()) << m.name << ": " << h.name;
    }
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
      {"adamw", {{"learning_rate", 1e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"epsilon", 1e-8}, {"amsgrad", 0},
                 {"weight_decay", 0.01}}},
      {"rmsprop", {{"learning_rate", 1e-3}, {"rho", 0.9}, {"epsilon", 1e-7}, {"momentum", 0}, {"centered", 0}}},
      {"adagrad", {{"learning_rate", 0.01}, {"epsilon", 1e-10}, {"initial_accumulator", 0}}},
  };
  for (const Method& m : methods()) {
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
    NamedValues all;
    for (const Hyperparameter& h : m.hyperparameters) all.push_back({h.name, h.default_value});
    EXPECT_EQ(end_of(quadratic(), m.name, {}, 20), end_of(quadratic(), m.name, all, 20)) << m.name;
    std::reverse(all.begin(), all.end());  // the order does not matter
    EXPECT_EQ(end_of(quadratic(), m.name, {}, 20), end_of(quadratic(), m.name, all, 20)) << m.name;
  }
}

TEST(MakeOptimizer, NamesTheMethodsWhereOneIsUnknown) {
  const std::string all = "expected one of gradient_descent, sgd, momentum, nesterov, adam, adamw, rmsprop, adagrad";
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
  EXPECT_EQ(error_of_making("sgd", {{"lr", 0.1}}),
            "sgd: unknown hyperparameter 'lr': expected one of learning_rate");
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
      const auto taken = [&](double value) { return error_of_making(m.name, {{h.name, value}}).empty(); };
      SCOPED_TRACE(m.name + ": " + h.name);
      EXPECT_TRUE(taken(h.default_value) && taken(h.low));
      EXPECT_EQ(taken(h.high), !h.high_open);
      EXPECT_TRUE(taken(h.high_open ? std::nextafter(h.high, 0) : h.high));
      EXPECT_FALSE(taken(std::nextafter(h.low, -1)));
      EXPECT_FALSE(taken(nan) || taken(infinity) || taken(-infinity));
    }
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
      std::set<std::string> vectors, counters;
      for (const auto& [name, value] : state.tensors) {
        vectors.insert(name);
        EXPECT_EQ(value.shape(), theta.shape()) << name;
        EXPECT_EQ(value.dtype(), type) << name;
      }
      for (const auto& [name, value] : state.counters) {
        counters.insert(name);
        EXPECT_EQ(value, 3) << name;
      }
      EXPECT_EQ(vectors, v.vectors);
      EXPECT_EQ(counters, v.counters);
      EXPECT_EQ(optimizer->state_bytes(), (type == DType::float32 ? 4 : 8) * size * std::ssize(v.vectors));
    }
}

// What visit() shows is all there is: put into a new optimizer, it continues with the same bits.
TEST(Optimizer, ContinuesFromStateThatIsRestored) {
  for (const Variant& v : variants())
    for (const DType type : {DType::float32, DType::float64}) {
      SCOPED_TRACE(label(v));
      const auto objective = tanh_network().objective(type);
      const Tensor theta = Tensor::of({objective->size()}, tanh_network().start, type);
      const auto optimizer = make_optimizer(v.method, v.values);
      for (int t = 0; t < 7; ++t) optimizer->step(*objective, theta);

      const Tensor other_theta = theta.clone();
      const auto other = make_optimizer(v.method, v.values);
      const Collected saved = state_of(*optimizer);
      Restore restore(saved);
      other->visit(restore);
      for (int t = 0; t < 7; ++t) {
        optimizer->step(*objective, theta);
        other->step(*objective, other_theta);
      }
      EXPECT_EQ(theta.to_vector(), other_theta.to_vector());
      if (v.vectors.empty()) continue;
      const auto forgetful = make_optimizer(v.method, v.values);
      forgetful->step(*objective, theta), optimizer->step(*objective, other_theta);
      EXPECT_NE(theta.to_vector(), other_theta.to_vector());
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
      EXPECT_LT(worst, 1e-14);
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
      // Weight decay is the one thing that moves it: by 1 - rate * decay = 1 - 1e-5 each step.
      const double shrunk = v.method == "adamw" ? std::pow(1 - 1e-5, 10) : 1;
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
      for (int t = 0; t < 1000; ++t) optimizer->step(plane, theta);
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
