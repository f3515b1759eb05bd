// Whole networks by name: shapes, numbers of parameters, gradients, and what they refuse.
#include "nn/models.h"

#include <gtest/gtest.h>

#include <set>

#include "autodiff/gradcheck.h"
#include "autodiff/gradient.h"
#include "nn/layers/checkpoint.h"
#include "nn/layers/embedding.h"
#include "nn/layers/normalization.h"
#include "nn/losses.h"
#include "tests/nn/layer_check.h"

namespace gradus::nn {
namespace {

struct Built {
  explicit Built(const std::string& name, const ModelOptions& options = {}) : model(make_model(name, options)) {
    ParameterScope scope(set);
    model.declare(scope);
  }
  Sequential model;
  ParameterSet set;
};

TEST(Models, HaveTheParametersOfTheirSources) {
  EXPECT_EQ(Built("mlp").set.size(), 101770);
  EXPECT_EQ(Built("autoencoder").set.size(), 2837314);  // 784-1000-500-250-30 and back
  EXPECT_EQ(Built("2c2d").set.size(), 3274634);         // of DeepOBS
  // 3x3: stem 1 -> 16; blocks 16 -> 16, 16 -> 32, 32 -> 64 with 1x1 shortcuts for the last two; dense 64 -> 10.
  const auto conv = [](std::int64_t k, std::int64_t in, std::int64_t out) { return k * k * in * out + out; };
  EXPECT_EQ(Built("resnet", {{"norm", "none"}}).set.size(),
            conv(3, 1, 16) + 2 * conv(3, 16, 16) + conv(3, 16, 32) + conv(3, 32, 32) + conv(1, 16, 32) + conv(3, 32, 64) +
                conv(3, 64, 64) + conv(1, 32, 64) + 650);
  EXPECT_EQ(Built("recurrent").set.size(), 4 * 128 * (28 + 128 + 1) + 1290);
  // A block: attention 4 w^2 + 4 w, network 8 w^2 + 5 w, two norms 4 w.
  const std::int64_t w = 128;
  EXPECT_EQ(Built("transformer").set.size(), 2 * 64 * w + 4 * (12 * w * w + 13 * w) + 2 * w + 64 * w + 64);
}

// Small versions of all of them, in float64: first and second derivative along the whole parameter vector.
// Small steps, so that no relu turns on or off between the points of a difference.
TEST(Models, AgreeWithFiniteDifferences) {
  struct Small {
    std::string name;
    ModelOptions options;
    Shape input, output;
  };
  const std::vector<Small> cases = {
      {"mlp", {{"sizes", "5,4,3"}, {"activation", "tanh"}}, {2, 5}, {2, 3}},
      {"autoencoder", {{"sizes", "5,4,2"}}, {3, 5}, {3, 5}},
      {"resnet",
       {{"height", "4"}, {"width", "5"}, {"first_width", "2"}, {"classes", "3"}, {"norm", "group"}},
       {2, 20},
       {2, 3}},
      {"resnet", {{"height", "4"}, {"width", "4"}, {"first_width", "2"}, {"classes", "3"}}, {3, 16}, {3, 3}},
      {"recurrent", {{"time", "3"}, {"inputs", "2"}, {"hidden", "3"}, {"layers", "2"}, {"outputs", "2"}}, {2, 6}, {2, 2}},
      {"recurrent", {{"cell", "gru"}, {"time", "3"}, {"inputs", "2"}, {"hidden", "3"}, {"outputs", "2"}}, {2, 6}, {2, 2}},
      {"recurrent", {{"cell", "rnn"}, {"time", "3"}, {"inputs", "2"}, {"hidden", "3"}, {"outputs", "2"}}, {2, 6}, {2, 2}},
      {"transformer",
       {{"vocabulary", "5"}, {"context", "3"}, {"width", "4"}, {"heads", "2"}, {"layers", "2"}},
       {2, 3},
       {2, 3, 5}},
  };
  for (const Small& c : cases) {
    SCOPED_TRACE(c.name);
    const Built built(c.name, c.options);
    const bool tokens = c.name == "transformer";
    const Tensor x = tokens ? Tensor::indices({0, 3, 1, 4, 4, 2}).reshaped(c.input) : random_tensor(c.input, 1);
    const std::vector<Tensor> buffers = built.set.initial_buffers(DType::float64);
    const Recipe recipe = [&](Tape& tape, const std::vector<Var>& leaves) {
      Forward f(leaves, Mode::train, RandomStream(3), buffers);
      const Var y = built.model.forward(f, tape.leaf(x));
      EXPECT_EQ(y.shape(), c.output);
      return y;
    };
    std::vector<Tensor> parameters;
    const Tensor theta = built.set.initial(DType::float64, RandomStream(2));
    for (const Tensor& view : built.set.views(theta)) parameters.push_back(view.clone());
    EXPECT_EQ(gradcheck(c.name, recipe, parameters, {.step = 1e-6, .tolerance = 1e-5}), "");
  }
  std::set<std::string> checked{"2c2d"};  // below
  for (const Small& c : cases) checked.insert(c.name);
  for (const Model& model : models()) EXPECT_TRUE(checked.contains(model.name)) << model.name << " is not checked";
}

TEST(Models, TwoConvolutionsTakePixelsAndGiveClasses) {
  const Built built("2c2d", {{"height", "7"}, {"width", "6"}, {"channels", "2"}, {"classes", "3"}});
  const Tensor theta = built.set.initial(DType::float64, RandomStream(2)), x = random_tensor({2, 84}, 1);
  Tape tape(DType::float64);
  std::vector<Var> leaves;
  for (const Tensor& view : built.set.views(theta)) leaves.push_back(tape.leaf(view));
  Forward f(leaves, Mode::train, RandomStream(3));
  const Tensor labels = Tensor::indices({0, 2});
  const Var y = built.model.forward(f, tape.leaf(x)), loss = cross_entropy(y, tape.leaf(labels));
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
    return cross_entropy(built.model.forward(pass, other.leaf(x)), other.leaf(labels)).item();
  };
  EXPECT_NEAR((value_at(1e-6) - value_at(-1e-6)) / 2e-6, squared, 1e-5 * squared);
}

TEST(Models, RefuseUnknownNamesAndWrongOptions) {
  EXPECT_EQ(message([] { make_model("vgg"); }),
            "unknown model 'vgg': expected one of mlp, autoencoder, 2c2d, resnet, recurrent, transformer");
  EXPECT_EQ(message([] { make_model("mlp", {{"width", "3"}}); }),
            "model mlp: unknown option 'width', expected one of sizes, activation, dropout, initializer");
  EXPECT_EQ(message([] { make_model("mlp", {{"sizes", "784,,10"}}); }),
            "model mlp: option sizes=784,,10: expected sizes such as 784,128,10");
  EXPECT_EQ(message([] { make_model("recurrent", {{"cell", "elman"}}); }),
            "model recurrent: option cell=elman: expected lstm, gru or rnn");
  EXPECT_EQ(message([] { make_model("transformer", {{"layers", "none"}}); }),
            "model transformer: option layers=none: expected an integer >= 1");
  EXPECT_NE(message([] { make_model("mlp", {{"activation", "step"}}); }).find("unknown activation 'step'"), std::string::npos);
}

TEST(Checkpointed, GivesTheSameNumbersAndUpdatesBuffersOnce) {
  const Tensor x = random_tensor({6, 5}, 1);
  std::vector<std::vector<double>> found;
  for (const bool checkpointed : {false, true}) {
    const Sequential inner{Linear{5, 4}, BatchNorm{4}, Tanh{}, Linear{4, 3}};
    Sequential model = checkpointed ? Sequential{Linear{5, 5}, Checkpointed{inner}} : Sequential{Linear{5, 5}, inner};
    ParameterSet set;
    ParameterScope scope(set);
    model.declare(scope);
    const Tensor theta = set.initial(DType::float64, RandomStream(2)), g = Tensor::zeros(theta.shape(), DType::float64);
    const std::vector<Tensor> buffers = set.initial_buffers(DType::float64), views = set.views(g);
    Tape tape(DType::float64);
    std::vector<Var> leaves;
    for (const Tensor& view : set.views(theta)) leaves.push_back(tape.leaf(view));
    Forward f(leaves, Mode::train, RandomStream(3), buffers);
    gradient(sum(square(model.forward(f, tape.leaf(x)))), leaves, views);
    std::vector<double> numbers = g.to_vector();
    for (const Tensor& buffer : buffers)
      for (const double v : buffer.to_vector()) numbers.push_back(v);
    found.push_back(numbers);
    EXPECT_EQ(set.slices().back().name, "1.3.bias");
  }
  ASSERT_EQ(found[0].size(), found[1].size());
  for (std::size_t i = 0; i < found[0].size(); ++i) EXPECT_NEAR(found[0][i], found[1][i], 1e-12);
}

}  // namespace
}  // namespace gradus::nn
