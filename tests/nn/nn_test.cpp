// Parameters, initialisers, layers and losses.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "autodiff/gradcheck.h"
#include "autodiff/gradient.h"
#include "autodiff/operations.h"
#include "nn/layers.h"
#include "nn/losses.h"
#include "tests/support/tensors.h"
#include "tests/support/throws.h"

namespace gradus::nn {
namespace {

struct Moments {
  double mean = 0, variance = 0, largest = 0;
};
Moments moments(const Tensor& t) {
  Moments m;
  for (const double x : t.to_vector()) {
    m.mean += x;
    m.largest = std::max(m.largest, std::abs(x));
  }
  m.mean /= static_cast<double>(t.size());
  for (const double x : t.to_vector()) m.variance += (x - m.mean) * (x - m.mean);
  m.variance /= static_cast<double>(t.size());
  return m;
}

TEST(Initializers, HaveTheVarianceOfTheirFormula) {
  const double in = 300, out = 200;
  const struct {
    Initializer initializer;
    double variance;
    bool uniform;
  } cases[] = {{glorot_uniform(), 2 / (in + out), true},
               {glorot_normal(), 2 / (in + out), false},
               {he_uniform(), 2 / in, true},
               {he_normal(), 2 / in, false},
               {lecun_uniform(), 1 / in, true},
               {lecun_normal(), 1 / in, false}};
  for (const auto& c : cases) {
    const Tensor w = Tensor::zeros({300, 200}, DType::float64);
    const std::string& name = c.initializer.name;
    RandomStream random(1, name);
    c.initializer.fill(w, random);
    const Moments m = moments(w);
    EXPECT_NEAR(m.variance, c.variance, 0.02 * c.variance) << name;
    EXPECT_NEAR(m.mean, 0, 4 * std::sqrt(c.variance / (in * out))) << name;
    if (c.uniform)
      EXPECT_LE(m.largest, std::sqrt(3 * c.variance)) << name;
    else
      EXPECT_GT(m.largest, 3 * std::sqrt(c.variance)) << name;
  }
}

TEST(Initializers, OrthogonalIsOrthonormal) {
  for (const Shape& shape : {Shape{20, 7}, Shape{7, 20}}) {
    const Tensor w = Tensor::zeros(shape, DType::float64);
    RandomStream random(1);
    orthogonal(2).fill(w, random);
    Tape tape(DType::float64);
    const Var x = tape.leaf(w);
    const Var gram = matmul(x, x, shape[0] > shape[1], shape[0] <= shape[1]);
    for (int i = 0; i < 7; ++i)
      for (int j = 0; j < 7; ++j) EXPECT_NEAR(gram.value().at(i * 7 + j), i == j ? 4 : 0, 1e-12);
  }
}

TEST(Initializers, SparseHasSoManyInputsForEachOutput) {
  for (const std::int64_t inputs : {40, 6}) {
    const std::int64_t outputs = 2000, expected = std::min<std::int64_t>(inputs, 15);
    const Tensor w = Tensor::zeros({inputs, outputs}, DType::float64);
    RandomStream random(1);
    sparse().fill(w, random);
    std::vector<std::int64_t> by_input(static_cast<std::size_t>(inputs));
    double squares = 0;
    for (std::int64_t o = 0; o < outputs; ++o) {
      std::int64_t there = 0;
      for (std::int64_t i = 0; i < inputs; ++i)
        if (const double x = w.at(i * outputs + o); x != 0) {
          ++there;
          ++by_input[static_cast<std::size_t>(i)];
          squares += x * x;
        }
      ASSERT_EQ(there, expected);
    }
    EXPECT_NEAR(squares / static_cast<double>(outputs * expected), 1, 0.05);
    for (const std::int64_t count : by_input)
      EXPECT_NEAR(static_cast<double>(count), static_cast<double>(outputs * expected) / static_cast<double>(inputs),
                  120);
  }
  EXPECT_THROW(sparse(0), std::invalid_argument);
}

TEST(Parameters, LieInOneVectorAndAreNamedByTheirPath) {
  Sequential model{Linear{3, 4}, Relu{}, Linear{4, 2, he_normal(), constant(0.5)}};
  ParameterSet set;
  ParameterScope scope(set, "net");
  model.declare(scope);
  ASSERT_EQ(set.slices().size(), 4u);
  EXPECT_EQ(set.size(), 3 * 4 + 4 + 4 * 2 + 2);
  EXPECT_EQ(set.slices()[2].name, "net.2.weight");
  EXPECT_EQ(set.slices()[2].offset, 16);
  EXPECT_EQ(set.slices()[3].tags, std::vector<std::string>{"bias"});
  const Tensor theta = set.initial(DType::float64, RandomStream(1));
  const auto views = set.views(theta);
  EXPECT_EQ(views[3].to_vector(), (std::vector<double>{0.5, 0.5}));
  EXPECT_EQ(views[2].raw(), theta.part(16, {8}).raw());
  EXPECT_THROW(set.views(Tensor::zeros({3}, DType::float64)), std::invalid_argument);
  ParameterId another;
  EXPECT_THROW(set.add(another, {"net.0.bias", {1}, 0, {}}, zeros()), std::invalid_argument);
}

TEST(Parameters, OfOneLayerDoNotDependOnTheOthers) {
  const auto first_weights = [](Sequential model) {
    ParameterSet set;
    ParameterScope scope(set);
    model.declare(scope);
    return set.views(set.initial(DType::float64, RandomStream(1)))[0].to_vector();
  };
  EXPECT_EQ(first_weights({Linear{3, 4}}), first_weights({Linear{3, 4}, Tanh{}, Linear{4, 9}}));
}

TEST(Layers, NetworkPassesGradcheckThroughEveryLoss) {
  const std::pair<const char*, Layer> activations[] = {
      {"relu", Relu{}}, {"tanh", Tanh{}}, {"sigmoid", Sigmoid{}}, {"softplus", Softplus{}}, {"gelu", Gelu{}}};
  for (const auto& [name, activation] : activations) {
    Sequential model = multilayer_perceptron({4, 6, 3}, {.activation = activation});
    ParameterSet set;
    ParameterScope scope(set);
    model.declare(scope);
    const Tensor theta = set.initial(DType::float64, RandomStream(2));
    RandomStream random(3);
    const Tensor x = random_tensor({5, 4}, random), target = uniform_tensor({5, 3}, random, 0, 1);
    const Tensor labels = Tensor::indices({0, 2, 1, 1, 0});
    for (int loss = 0; loss < 4; ++loss) {
      const FunctionOfLeaves function = [&](Tape& tape, const std::vector<Var>& parameters) {
        Forward pass(parameters, Mode::train, RandomStream(0));
        const Var y = model.forward(pass, tape.leaf(x)), t = tape.leaf(target);
        return loss == 0   ? cross_entropy(y, tape.leaf(labels))
               : loss == 1 ? cross_entropy(y, t)
               : loss == 2 ? mean_squared_error(y, t)
                           : huber(y, t, 0.7);
      };
      EXPECT_EQ(gradcheck(name, function, set.views(theta)), "") << loss;
    }
  }
}

TEST(Layers, DropoutActsInTrainingOnlyAndFlattenKeepsTheBatch) {
  Tape tape(DType::float64);
  const Tensor ones = Tensor::full({10, 4, 5}, 1, DType::float64);
  const Var x = tape.leaf(ones);
  Forward train({}, Mode::train, RandomStream(1)), evaluate({}, Mode::evaluate, RandomStream(1));
  const Dropout layer(0.5);
  EXPECT_EQ(layer.forward(evaluate, x).value().to_vector(), ones.to_vector());
  const auto first = layer.forward(train, x).value().to_vector(), second = layer.forward(train, x).value().to_vector();
  EXPECT_NE(first, second);
  EXPECT_EQ(std::count(first.begin(), first.end(), 0) + std::count(first.begin(), first.end(), 2), 200);
  EXPECT_EQ(Flatten{}.forward(train, x).shape(), (Shape{10, 20}));
  EXPECT_THROW(Dropout(1), std::invalid_argument);
  EXPECT_THROW(Linear(0, 1), std::invalid_argument);
}

TEST(Layers, WhatOneRefusesIsSaidWithItsPlace) {
  Sequential model{Linear{3, 4}, Relu{}, Residual{Sequential{Linear{4, 4}}}, Sequential{Relu{}, Linear{5, 2}}};
  ParameterSet set;
  ParameterScope scope(set);
  model.declare(scope);
  const Tensor theta = set.initial(DType::float64, RandomStream(2));
  Tape tape(DType::float64);
  std::vector<Var> leaves;
  for (const Tensor& view : set.views(theta)) leaves.push_back(tape.leaf(view));
  Forward pass(leaves, Mode::train, RandomStream(0));
  const auto complaint = [&](const Shape& shape) {
    const Tensor x = Tensor::zeros(shape, DType::float64);
    return refusal_of([&] { model.forward(pass, tape.leaf(x)); });
  };
  EXPECT_EQ(complaint({2, 7}), "in layer 0 (Linear): affine: [2, 7] x [3, 4] + [4], expected [m, k] x [k, n] + [n]");
  EXPECT_EQ(
      complaint({2, 3}),
      "in layer 3 (Sequential): in layer 1 (Linear): affine: [2, 4] x [5, 2] + [2], expected [m, k] x [k, n] + [n]");
}

TEST(Losses, HaveTheirTextbookValues) {
  Tape tape(DType::float64);
  const Tensor p = Tensor::of({2, 2}, {0, 0, 3, 0}), t = Tensor::of({2, 2}, {1, 0, 0, 0}),
               labels = Tensor::indices({0, 1});
  const Var prediction = tape.leaf(p), target = tape.leaf(t);
  EXPECT_NEAR(mean_squared_error(prediction, target).item(), 10.0 / 4, 1e-15);
  EXPECT_NEAR(huber(prediction, target).item(), (0.5 + 2.5) / 4, 1e-15);
  EXPECT_NEAR(cross_entropy(prediction, tape.leaf(labels)).item(), (std::log(2) + std::log1p(std::exp(3))) / 2, 1e-14);
  const Tensor other = Tensor::of({2}, {1, 2});
  EXPECT_THROW(mean_squared_error(prediction, tape.leaf(other)), std::invalid_argument);
}

// A layer that keeps what it gave.
struct Watched {
  std::shared_ptr<Var> seen = std::make_shared<Var>();
  bool protect = false;
  void declare(ParameterScope&) {}
  Var forward(Forward&, const Var& x) const {
    *seen = scale(x, 2);
    if (protect) x.tape().protect(*seen);
    return *seen;
  }
};

TEST(Sequential, LetsALayerWriteOverWhatTheOneBeforeItGave) {
  Tape tape(DType::float64);
  const Tensor numbers = Tensor::of({2, 2}, {1, -2, 3, -4});
  const Var x = scale(tape.leaf(numbers), 1);
  Forward evaluating({}, Mode::evaluate, RandomStream(0));
  // The dropout only passes x on, which stays ours.
  const Sequential passing{Dropout{0.5}, Relu{}};
  EXPECT_EQ(passing.forward(evaluating, x).value().to_vector(), (std::vector<double>{1, 0, 3, 0}));
  EXPECT_EQ(x.value().to_vector(), numbers.to_vector());

  const Watched watched, kept{.protect = true};
  const Sequential model{watched, Relu{}, kept, Relu{}};
  EXPECT_EQ(model.forward(evaluating, x).value().to_vector(), (std::vector<double>{4, 0, 12, 0}));
  EXPECT_EQ(x.value().to_vector(), numbers.to_vector());
  EXPECT_THROW(watched.seen->value(), std::invalid_argument);
  EXPECT_EQ(kept.seen->value().to_vector(), (std::vector<double>{4, 0, 12, 0}));
}

}  // namespace
}  // namespace gradus::nn
