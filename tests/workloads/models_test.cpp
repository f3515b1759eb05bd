// Whole networks by name: shapes, numbers of parameters, gradients, and what they refuse.
#include "experiments/workloads/models.h"

#include <gtest/gtest.h>

#include <set>

#include "autodiff/gradcheck.h"
#include "autodiff/gradient.h"
#include "autodiff/operations.h"
#include "experiments/workloads/autoencoder.h"
#include "experiments/workloads/deep_mlp.h"
#include "experiments/workloads/mlp.h"
#include "experiments/workloads/mnist_1d_models.h"
#include "experiments/workloads/recurrent_network.h"
#include "experiments/workloads/recurrent_tokens.h"
#include "experiments/workloads/residual_network.h"
#include "experiments/workloads/transformer.h"
#include "experiments/workloads/two_convolutions.h"
#include "nn/losses.h"
#include "tests/support/tensors.h"
#include "tests/support/throws.h"
#include "tests/workloads/runs.h"

namespace gradus::workloads {
namespace {

using nn::Forward;
using nn::Mode;
using nn::ParameterScope;
using nn::ParameterSet;
using nn::Sequential;

struct Built {
  Built(const Model& kind, const Task& task) : model(kind.make(task)) {
    ParameterScope scope(set);
    model.declare(scope);
  }
  Sequential model;
  ParameterSet set;
};

TEST(Models, HaveTheParametersOfTheirSources) {
  const Task image{{28, 28}, 10};
  EXPECT_EQ(Built(Mlp{}, image).set.size(), 101770);
  // 784 -> 64, 19 times 64 -> 64, 64 -> 10; a weight and a bias for each of 20 times 64 units more
  EXPECT_EQ(Built(DeepMlp{}, image).set.size(), 784 * 64 + 19 * 64 * 64 + 640 + 20 * 64 + 10);
  EXPECT_EQ(Built(DeepMlp{.norm = "batch", .residual = true}, image).set.size(),
            Built(DeepMlp{}, image).set.size() + 2 * 20 * 64);
  EXPECT_EQ(Built(Autoencoder{}, image).set.size(), 2837314);      // 784-1000-500-250-30 and back
  EXPECT_EQ(Built(TwoConvolutions{}, image).set.size(), 3274634);  // of DeepOBS
  // 3x3: stem 1 -> 16; blocks 16 -> 16, 16 -> 32, 32 -> 64 with 1x1 shortcuts for the last two; dense 64 -> 10.
  const auto conv = [](std::int64_t k, std::int64_t in, std::int64_t out) { return k * k * in * out + out; };
  EXPECT_EQ(Built(ResidualNetwork{.norm = "none"}, image).set.size(),
            conv(3, 1, 16) + 2 * conv(3, 16, 16) + conv(3, 16, 32) + conv(3, 32, 32) + conv(1, 16, 32) +
                conv(3, 32, 64) + conv(3, 64, 64) + conv(1, 32, 64) + 650);
  EXPECT_EQ(Built(RecurrentNetwork{}, image).set.size(), 4 * 128 * (28 + 128 + 1) + 1290);
  // A block: attention 4 w^2 + 4 w, network 8 w^2 + 5 w, two norms 4 w.
  const std::int64_t w = 128;
  EXPECT_EQ(Built(Transformer{}, {{64}, 64}).set.size(), 2 * 64 * w + 4 * (12 * w * w + 13 * w) + 2 * w + 64 * w + 64);
}

// Small versions of all of them, in float64: first and second derivative along the whole parameter vector.
// Small steps, so that no relu turns on or off between the points of a difference.
TEST(Models, AgreeWithFiniteDifferences) {
  struct Small {
    Model model;
    Task task;
    Shape input, output;
  };
  const std::vector<Small> cases = {
      {Mlp{.hidden = {4}, .activation = "tanh"}, {{5}, 3}, {2, 5}, {2, 3}},
      {DeepMlp{.depth = 3, .width = 4, .norm = "layer", .residual = true}, {{5}, 3}, {2, 5}, {2, 3}},
      {Autoencoder{.sizes = {5, 4, 2}}, {{5}, 5}, {3, 5}, {3, 5}},
      {ResidualNetwork{.first_width = 2, .norm = "group"}, {{4, 5}, 3}, {2, 20}, {2, 3}},
      {ResidualNetwork{.first_width = 2}, {{4, 4}, 3}, {3, 16}, {3, 3}},
      {RecurrentNetwork{.hidden = 3, .layers = 2}, {{3, 2}, 2}, {2, 6}, {2, 2}},
      {RecurrentNetwork{.cell = "gru", .hidden = 3}, {{3, 2}, 2}, {2, 6}, {2, 2}},
      {RecurrentNetwork{.cell = "rnn", .hidden = 3}, {{3, 2}, 2}, {2, 6}, {2, 2}},
      {Transformer{.width = 4, .heads = 2, .layers = 2}, {{3}, 5}, {2, 3}, {2, 3, 5}},
      {RecurrentTokens{.cell = "gru", .embedding = 2, .hidden = 3}, {{3}, 4, 5}, {2, 3}, {2, 3, 4}},
      {Mnist1dLinear{}, {{5}, 3}, {2, 5}, {2, 3}},
      {Mnist1dMlp{.hidden = 4}, {{5}, 3}, {2, 5}, {2, 3}},
      {Mnist1dCnn{.channels = 2}, {{9}, 3}, {2, 9}, {2, 3}},
      {Mnist1dGru{.hidden = 2}, {{4}, 3}, {2, 4}, {2, 3}},
  };
  for (const Small& c : cases) {
    SCOPED_TRACE(c.model.name);
    const Built built(c.model, c.task);
    const bool tokens = c.model.name == "transformer" || c.model.name == "recurrent-tokens";
    const Tensor x = tokens ? Tensor::indices({0, 3, 1, 4, 4, 2}).reshaped(c.input) : random_tensor(c.input, 1);
    const std::vector<Tensor> buffers = built.set.initial_buffers(DType::float64);
    const FunctionOfLeaves function = [&](Tape& tape, const std::vector<Var>& leaves) {
      Forward f(leaves, Mode::train, RandomStream(3), buffers);
      const Var y = built.model.forward(f, tape.leaf(x));
      EXPECT_EQ(y.shape(), c.output);
      return y;
    };
    std::vector<Tensor> parameters;
    const Tensor theta = built.set.initial(DType::float64, RandomStream(2));
    for (const Tensor& view : built.set.views(theta)) parameters.push_back(view.clone());
    EXPECT_EQ(gradcheck(c.model.name, function, parameters, {.step = 1e-6, .tolerance = 1e-5}), "");
  }
  std::set<std::string> checked{"2c2d"};  // below
  for (const Small& c : cases) checked.insert(c.model.name);
  for (const Model& model : models()) EXPECT_TRUE(checked.contains(model.name)) << model.name << " is not checked";
}

TEST(Models, TheGainOfADeepNetworkMultipliesItsWeights) {
  const Task task{{5}, 3};
  const auto start = [&](double gain) {
    return Built(DeepMlp{.depth = 2, .width = 4, .gain = gain}, task).set.initial(DType::float64, RandomStream(2));
  };
  const Tensor once = start(1), thrice = start(3);
  for (std::int64_t i = 0; i < once.size(); ++i) EXPECT_DOUBLE_EQ(thrice.at(i), 3 * once.at(i)) << i;
  EXPECT_NE(once.at(0), 0);
}

TEST(Models, TwoConvolutionsTakePixelsAndGiveClasses) {
  const Built built(TwoConvolutions{}, {{7, 6, 2}, 3});
  const Tensor theta = built.set.initial(DType::float64, RandomStream(2)), x = random_tensor({2, 84}, 1);
  Tape tape(DType::float64);
  std::vector<Var> leaves;
  for (const Tensor& view : built.set.views(theta)) leaves.push_back(tape.leaf(view));
  Forward f(leaves, Mode::train, RandomStream(3));
  const Tensor labels = Tensor::indices({0, 2});
  const Var y = built.model.forward(f, tape.leaf(x)), loss = nn::cross_entropy(y, tape.leaf(labels));
  EXPECT_EQ(y.shape(), (Shape{2, 3}));
  // The directional derivative along the gradient itself against a central difference.
  const Tensor g = Tensor::zeros(theta.shape(), DType::float64);
  const std::vector<Tensor> views = built.set.views(g);
  gradient(loss, leaves, views);
  double squared = 0;
  for (const double v : g.elements<double>()) squared += v * v;
  const auto value_at = [&](double step) {
    const Tensor moved = theta.clone();
    for (std::int64_t i = 0; i < moved.size(); ++i) moved.set(i, theta.at(i) + step * g.at(i));
    Tape other(DType::float64);
    std::vector<Var> vars;
    for (const Tensor& view : built.set.views(moved)) vars.push_back(other.leaf(view));
    Forward pass(vars, Mode::train, RandomStream(3));
    return nn::cross_entropy(built.model.forward(pass, other.leaf(x)), other.leaf(labels)).item();
  };
  EXPECT_NEAR((value_at(1e-6) - value_at(-1e-6)) / 2e-6, squared, 1e-5 * squared);
}

TEST(Models, RefuseUnknownNamesAndTasksThatDoNotFit) {
  EXPECT_EQ(refusal_of([] { models().find("resnett"); }),
            "unknown model 'resnett': did you mean resnet? expected one of mlp, deep-mlp, autoencoder, 2c2d, resnet, "
            "recurrent, transformer, recurrent-tokens, mnist-1d-linear, mnist-1d-mlp, mnist-1d-cnn, mnist-1d-gru");
  const Task row{{784}, 10};
  EXPECT_EQ(refusal_of([&] { TwoConvolutions{}.make(row); }),
            "model 2c2d: examples of [784], expected [height, width] or [height, width, channels]");
  EXPECT_EQ(refusal_of([&] { RecurrentNetwork{}.make(row); }),
            "model recurrent: examples of [784], expected [time, features]");
  EXPECT_EQ(refusal_of([] {
              Transformer{}.make({{28, 28}, 10});
            }),
            "model transformer: examples of [28, 28], expected [time] tokens");
  EXPECT_EQ(refusal_of([&] {
              RecurrentNetwork{.cell = "elman"}.make({{2, 2}, 2});
            }),
            "unknown cell 'elman': expected one of lstm, gru, rnn");
  EXPECT_EQ(refusal_of([&] { Mlp{.activation = "step"}.make(row); }).substr(0, 25), "unknown activation 'step'");
  EXPECT_EQ(refusal_of([&] { Mlp{.initializer = "xavier"}.make(row); }).substr(0, 28), "unknown initializer 'xavier'");
}

TEST(Models, AreChosenByOptions) {
  const auto size_of = [](const Model& model) { return Built(model, {{8, 8}, 10}).set.size(); };
  lab::Run plain = run_with({}), other = run_with({"--hidden=5,4", "--activation=gelu"}),
           recurrent = run_with({"--model=recurrent", "--hidden=3"});
  EXPECT_EQ(size_of(choose_model(plain, Mlp{.hidden = {7}})), 64 * 7 + 7 + 7 * 10 + 10);
  EXPECT_EQ(size_of(choose_model(other, Mlp{.hidden = {7}})), 64 * 5 + 5 + 5 * 4 + 4 + 4 * 10 + 10);
  EXPECT_EQ(size_of(choose_model(recurrent, Mlp{})), 12 * (8 + 3 + 1) + 40);
}

// A model that is in no list, as programs have them.
struct OneLayer {
  std::int64_t hidden = 3;

  static ModelDescription describe() {
    return {"one_layer", {}, {settings::field<&OneLayer::hidden>(settings::at_least(1), "units")}};
  }
  nn::Sequential make(const Task& task) const { return nn::multilayer_perceptron({task.input[0], hidden}); }
};

TEST(Models, MayBeTheProgramsOwn) {
  lab::Run own = run_with({"--hidden=4"}), listed = run_with({"--model=mlp", "--hidden=5"}),
           unknown = run_with({"--model=x"});
  EXPECT_EQ(Built(choose_model(own, OneLayer{}), {{6}, 2}).set.size(), 6 * 4 + 4);
  EXPECT_EQ(Built(choose_model(listed, OneLayer{}), {{6}, 2}).set.size(), 6 * 5 + 5 + 5 * 2 + 2);
  EXPECT_NE(error_of<lab::UsageError>([&] { choose_model(unknown, OneLayer{}); }).find(", one_layer"),
            std::string::npos);
}

TEST(Models, RefuseWhatAnOptionCannotBe) {
  for (const char* text : {"128,", ",128", "0", "1,x", "12 8", "1000000"}) {
    lab::Run run = run_with({std::string("--hidden=") + text});
    EXPECT_EQ(error_of<lab::UsageError>([&] { choose_model(run, Mlp{}); }),
              std::string("option --hidden=") + text + ": expected layer sizes such as 128 or 256,128");
  }
  lab::Run short_one = run_with({"--sizes=3"}), unknown = run_with({"--model=vgg"}), linear = run_with({"--hidden="});
  EXPECT_EQ(error_of<lab::UsageError>([&] { choose_model(short_one, Autoencoder{}); }),
            "option --sizes=3: expected at least 2 layer sizes such as 128 or 256,128");
  EXPECT_NE(error_of<lab::UsageError>([&] {
              choose_model(unknown, Mlp{});
            }).find("expected one of mlp, deep-mlp, autoencoder"),
            std::string::npos);
  EXPECT_EQ(Built(choose_model(linear, Mlp{}), {{6}, 2}).set.size(), 14);
}

}  // namespace
}  // namespace gradus::workloads
