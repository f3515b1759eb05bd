// What every optimizer promises, whatever its formula.
#include "optim/optimizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "tests/optim/bowl.h"
#include "tests/optim/problems.h"
#include "tests/optim/variants.h"
#include "tests/support/throws.h"

namespace gradus::optim {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

TEST(Optimizer, AsksForOneGradientAStep) {
  for (const Variant& v : variants()) {
    SCOPED_TRACE(label(v));
    Bowl bowl(3);
    const auto optimizer = v.make();
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
    const auto optimizer = v.make();
    const Tensor wrong_size = Tensor::of({4}, {1, 2, 3, 4});
    EXPECT_NE(refusal_of([&] { optimizer->step(bowl, wrong_size); }), "");
    EXPECT_NE(refusal_of([&] { optimizer->step(bowl, Tensor::zeros({3}, DType::float32)); }), "");
    EXPECT_NE(refusal_of([&] { optimizer->step(bowl, Tensor()); }), "");
    // Nothing was touched.
    EXPECT_EQ(wrong_size.to_vector(), (Vector{1, 2, 3, 4}));
    EXPECT_EQ(optimizer->state_bytes(), 0);
    for (const auto& [name, value] : save_state(*optimizer).counters) EXPECT_EQ(value, 0) << name;
  }
}

// Files keep these names: a state that is described under another would not be found in what 0.2 wrote.
struct NamesInFiles {
  std::string method;
  NamedValues values;
  std::set<std::string> vectors, counters, numbers = {};
};
TEST(Optimizer, NamesItsStateAsFilesOf02) {
  // clang-format off
  const std::vector<NamesInFiles> all{
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
    {"adopt", {}, {"first_moment", "second_moment"}, {"step"}},
    {"dadapt_adam", {}, {"first_moment", "second_moment", "weighted_sum"}, {}, {"numerator", "distance"}},
    {"shampoo", {}, {"diagonal_statistics"}, {"step"}},
    {"shampoo", {{"momentum", 0.9}}, {"diagonal_statistics", "velocity"}, {"step"}},
    {"shampoo", {{"update_interval", 3}}, {"diagonal_statistics"}, {"step"}},
    {"amsgrad", {}, {"first_moment", "second_moment", "largest_second_moment"}, {"step"}},
  };
  // clang-format on
  for (const NamesInFiles& expected : all) {
    SCOPED_TRACE(expected.method);
    Bowl bowl(10, DType::float64);
    const auto optimizer = make_optimizer(expected.method, expected.values);
    const Tensor theta = Tensor::full({10}, 1, DType::float64);
    for (int t = 0; t < 3; ++t) optimizer->step(bowl, theta);
    const SavedState state = save_state(*optimizer);
    const auto names = [](const auto& kept) {
      std::set<std::string> found;
      for (const auto& [name, value] : kept) found.insert(name);
      return found;
    };
    std::set<std::string> vectors;
    for (const auto& [name, value] : state.tensors)
      if (value.defined()) vectors.insert(name);  // the others are of slices that there are none of
    EXPECT_EQ(vectors, expected.vectors);
    EXPECT_EQ(names(state.counters), expected.counters);
    EXPECT_EQ(names(state.numbers), expected.numbers);
  }
}

TEST(Optimizer, KeepsTheStateThatItDescribesAndNoMore) {
  constexpr std::int64_t size = 10;
  std::map<std::string, int> kept;  // in how many forms of its method an optional state is
  for (const Variant& v : variants())
    for (const DType type : {DType::float32, DType::float64}) {
      SCOPED_TRACE(label(v));
      Bowl bowl(size, type);
      const auto optimizer = v.make();
      EXPECT_EQ(optimizer->state_bytes(), 0);  // before it knows of a theta
      const Tensor theta = Tensor::full({size}, 1, type);
      for (int t = 0; t < 3; ++t) optimizer->step(bowl, theta);

      const SavedState state = save_state(*optimizer);
      std::int64_t vectors = 0;
      for (const auto& [name, value] : state.tensors) {
        if (!value.defined()) continue;  // of slices that there are none of
        ++vectors;
        EXPECT_EQ(value.shape(), theta.shape()) << name;
        EXPECT_EQ(value.dtype(), type) << name;
      }
      EXPECT_EQ(optimizer->state_bytes(), (type == DType::float32 ? 4 : 8) * size * vectors);
      std::size_t described = 0;
      for (const State& s : v.method->about->states) {
        const bool is_there = state.tensors.count(std::string(s.name)) > 0;
        EXPECT_TRUE(is_there || s.is_optional) << s.name;
        if (s.is_optional) kept[v.method->name + "." + std::string(s.name)] += is_there;
        described += is_there;
      }
      EXPECT_EQ(state.tensors.size(), described);
      for (const auto& [name, value] : state.counters) {
        EXPECT_EQ(name, "step");
        EXPECT_EQ(value, 3) << name;
      }
      for (const KeptNumber& number : v.method->about->numbers)
        EXPECT_TRUE(state.numbers.count(std::string(number.name)));
      EXPECT_EQ(state.numbers.size(), v.method->about->numbers.size());
    }
  EXPECT_GE(kept.size(), 7U);
  for (const auto& [name, count] : kept) EXPECT_GT(count, 0) << name;
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
    for (const auto& [name, value] : save_state(*optimizer).tensors)
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
    if (m.family != Family::layerwise || m.name == "lars" || m.name == "prodigy" || m.name == "dadapt_adam")
      continue;  // they have no memory of slices
    Bowl bowl = layered_bowl();
    const auto optimizer = make_optimizer(m.name);
    const Tensor theta = Tensor::full({bowl.size()}, 1, DType::float64);
    optimizer->step(bowl, theta);
    std::swap(bowl.layers[0].shape[0], bowl.layers[0].shape[1]);
    EXPECT_NE(refusal_of([&] { optimizer->step(bowl, theta); }), "") << m.name;
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
    const auto optimizer = v.make();
    const Tensor theta = Tensor::of({3}, {1, -2, 3});
    EXPECT_EQ(optimizer->evaluation_point(theta).raw(), theta.raw());
    for (int t = 0; t < 10; ++t) optimizer->step(bowl, theta);
    const Tensor point = optimizer->evaluation_point(theta);
    if (!v.method->about->evaluated_at.empty()) {
      EXPECT_EQ(point.to_vector(), save_state(*optimizer).tensors.at("average").to_vector());
      EXPECT_NE(point.to_vector(), theta.to_vector());
    } else {
      EXPECT_EQ(point.raw(), theta.raw());
    }
  }
}

// What visit() shows is all there is: put into a new optimizer, it continues with the same bits.
void expect_continuation(const Variant& v, Objective& objective, const Vector& start) {
  const Tensor theta = Tensor::of({objective.size()}, start, objective.dtype());
  const auto optimizer = v.make();
  for (int t = 0; t < 7; ++t) optimizer->step(objective, theta);

  const Tensor other_theta = theta.clone();
  const auto other = v.make();
  restore_state(*other, save_state(*optimizer));
  for (int t = 0; t < 7; ++t) {
    optimizer->step(objective, theta);
    other->step(objective, other_theta);
  }
  const auto end_of = [](Optimizer& o, const Tensor& t) { return o.evaluation_point(t).to_vector(); };
  EXPECT_EQ(theta.to_vector(), other_theta.to_vector());
  EXPECT_EQ(end_of(*optimizer, theta), end_of(*other, other_theta));
  if (v.method->about->states.empty() || v.method->name == "lion")
    return;  // here the gradient alone decides the signs of Lion's steps
  const auto forgetful = v.make();
  forgetful->step(objective, theta);
  optimizer->step(objective, other_theta);
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
      const auto optimizer = v.make(), reversed = v.make();
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
      EXPECT_LT(worst, v.method->family == Family::elementwise ? 1e-14 : 1e-13);
      EXPECT_GT(moved, 0);
    }
}

TEST(Optimizer, StaysAtAPointWithoutSlope) {
  for (const Variant& v : variants())
    for (const DType type : {DType::float32, DType::float64}) {
      SCOPED_TRACE(label(v));
      FunctionObjective flat([](const Vector&, Vector&) { return 1.0; }, 5, type);
      const Tensor theta = Tensor::of({5}, {-2, -1, 0, 1, 2}, type);
      Variant without_decay = v;  // which alone would move it
      for (const Hyperparameter& h : v.method->hyperparameters)
        if (h.name == "weight_decay") without_decay.values.push_back({h.name, 0});
      const auto optimizer = without_decay.make();
      for (int t = 0; t < 10; ++t) optimizer->step(flat, theta);
      for (int i = 0; i < 5; ++i) EXPECT_EQ(theta.at(i), i - 2) << i;
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
      const auto optimizer = v.make();
      // Their estimate of the distance to a minimum grows without bound where there is none.
      const int steps = v.method->name == "prodigy" || v.method->name == "dadapt_adam" ? 50 : 1000;
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
    const auto optimizer = v.make();
    optimizer->step(small, Tensor::zeros({2}, DType::float64));
    if (optimizer->state_bytes() == 0) continue;
    EXPECT_THROW(optimizer->step(large, Tensor::zeros({10}, DType::float64)), std::invalid_argument);
  }
}

}  // namespace
}  // namespace gradus::optim
