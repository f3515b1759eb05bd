// A layer is refused, by name and with the remedy, where it is used before it is declared or with another set's
// parameters.
#include <algorithm>
#include <concepts>

#include "tests/nn/layer_check.h"

namespace gradus::nn {
namespace {

// One of each kind with parameters; the name in its messages is that of the layer that holds them.
struct Kind {
  std::string name;
  Layer layer;
  Tensor input;
};
std::vector<Kind> kinds() {
  const Tensor rows = random_tensor({4, 6}, 1), sequence = random_tensor({2, 3, 6}, 2),
               images = random_tensor({2, 4, 4, 6}, 3);
  const Tensor tokens = Tensor::indices({0, 3, 1});
  return {{"Linear", Linear(6, 6), rows},
          {"LayerNorm", LayerNorm(6), rows},
          {"RmsNorm", RmsNorm(6), rows},
          {"BatchNorm", BatchNorm(6), rows},
          {"GroupNorm", GroupNorm(2, 6), rows},
          {"Conv2d", Conv2d(6, 6, {3, 3}, {.padding = same_padding()}), images},
          {"Embedding", Embedding(5, 6), tokens},
          {"LearnedPositions", LearnedPositions(3, 6), sequence},
          {"MultiHeadAttention", MultiHeadAttention(6, 2), sequence},
          {"LayerNorm", TransformerBlock(6, 2), sequence},
          {"RnnCell", Rnn{RnnCell(6, 6)}, sequence},
          {"LstmCell", Lstm{LstmCell(6, 6)}, sequence},
          {"GruCell", Gru{GruCell(6, 6)}, sequence},
          {"Linear", Residual(Linear(6, 6)), rows},
          {"Linear", PerPosition(Linear(6, 6)), sequence},
          {"Checkpointed", Checkpointed(Linear(6, 6)), rows},
          {"Linear", Sequential{Linear(6, 6)}, rows},
          {"Conv2d", ResidualBlock(6, 6, 1, ResidualBlock::Norm::batch), images}};
}

TEST(Readiness, LayersThatWereNeverDeclaredAreRefused) {
  for (const Kind& kind : kinds()) {
    SCOPED_TRACE(kind.name);
    const Declared<Layer> declared{kind.layer};
    Tape tape(DType::float64);
    const auto leaves = declared.leaves(tape);
    Forward pass(leaves, Mode::train, RandomStream(1)), again(leaves, Mode::train, RandomStream(1)),
        empty({}, Mode::train, RandomStream(1));
    const Var x = tape.leaf(kind.input);
    const std::string refusal =
        kind.name + ": used before it was declared: declare() this very layer in the model's set";
    const auto refused_by = [&](Forward& f) {  // from the refusal on; a Sequential says first where it was
      const std::string what = refusal_of([&] { kind.layer.forward(f, x); });
      return what.substr(std::min(what.find(refusal), what.size()), refusal.size());
    };
    EXPECT_EQ(refused_by(again), refusal);
    EXPECT_EQ(refused_by(empty), refusal);
    // Nor once the pass has seen the one that was declared; a copy made of that one is the same layer.
    const Var y = declared.layer.forward(pass, x);
    EXPECT_EQ(refused_by(pass), refusal);
    const Layer same = declared.layer;
    EXPECT_EQ(same.forward(again, x).value().to_vector(), y.value().to_vector());
  }
}

TEST(Readiness, LayersOfAnotherSetAreRefused) {
  for (const Kind& kind : kinds()) {
    SCOPED_TRACE(kind.name);
    const Declared<Layer> one{kind.layer}, other{kind.layer};
    const Declared<Layer> larger{Sequential{Linear(2, 2), kind.layer}}, misshapen{Sequential{Linear(7, 7), kind.layer}};
    Tape tape(DType::float64);
    const Var x = tape.leaf(kind.input);
    const auto leaves = one.leaves(tape), more = larger.leaves(tape), odd = misshapen.leaves(tape);
    Forward mixed(leaves, Mode::train, RandomStream(1)), too_many(more, Mode::train, RandomStream(1));
    const std::span<const Var> as_many = std::span(odd).first(leaves.size());
    Forward wrong(as_many, Mode::train, RandomStream(1)), none({}, Mode::train, RandomStream(1));
    one.layer.forward(mixed, x);
    EXPECT_NE(refusal_of([&] { other.layer.forward(mixed, x); }).find(kind.name + ": declared in another set"),
              std::string::npos);
    EXPECT_NE(
        refusal_of([&] { one.layer.forward(too_many, x); }).find("but the pass has " + std::to_string(more.size())),
        std::string::npos);
    EXPECT_NE(refusal_of([&] { one.layer.forward(wrong, x); }).find("give it the parameters of the set"),
              std::string::npos);
    EXPECT_NE(refusal_of([&] { one.layer.forward(none, x); }).find("pass has 0"), std::string::npos);
  }
}

TEST(Readiness, ALayerHasOnePlaceInASet) {
  Linear layer(2, 3);
  ParameterSet set;
  ParameterScope left(set, "left"), right(set, "right");
  layer.declare(left);
  EXPECT_EQ(refusal_of([&] { layer.declare(right); }),
            "Linear: declared as 'right.weight', but it is 'left.weight' in the same set: make another layer, or use "
            "this one "
            "in both places");
  EXPECT_EQ(set.size(), 9);
  // In another set it moves there, also when the first one is gone.
  Declared<Linear> moved{layer};
  Tape tape(DType::float64);
  const auto leaves = moved.leaves(tape);
  Forward pass(leaves, Mode::train, RandomStream(1));
  const Var x = tape.leaf(random_tensor({2, 2}, 1));
  EXPECT_EQ(moved.layer.forward(pass, x).shape(), (Shape{2, 3}));
  EXPECT_NE(refusal_of([&] { layer.forward(pass, x); }).find("declared in another set"), std::string::npos);
}

TEST(Readiness, CopiesOfALayerAreLayersOfTheirOwn) {
  const Layer linear = Linear(3, 3);
  const Declared<Layer> model{Sequential{linear, linear, Residual(linear)}};
  ASSERT_EQ(model.set.slices().size(), 6u);
  Tape tape(DType::float64);
  const auto leaves = model.leaves(tape);
  Forward pass(leaves, Mode::train, RandomStream(1));
  const Tensor x = random_tensor({2, 3}, 7);
  Tape plain(DType::float64);
  std::vector<Var> p;
  for (const Tensor& view : model.views) p.push_back(plain.leaf(view));
  const Var h = affine(affine(plain.leaf(x), p[0], p[1]), p[2], p[3]);
  EXPECT_EQ(model.layer.forward(pass, tape.leaf(x)).value().to_vector(),
            (h + affine(h, p[4], p[5])).value().to_vector());
  EXPECT_NE(refusal_of([&] { linear.forward(pass, tape.leaf(x)); }).find("used before it was declared"),
            std::string::npos);
}

TEST(Readiness, BuffersAreThoseOfTheSet) {
  const Declared<BatchNorm> layer{BatchNorm(2)}, other{BatchNorm(2)};
  const Declared<Layer> two{Sequential{BatchNorm(2), BatchNorm(2)}};
  Tape tape(DType::float64);
  const auto leaves = layer.leaves(tape);
  const Var x = tape.leaf(random_tensor({4, 2}, 1));
  Forward pass(leaves, Mode::evaluate, RandomStream(1), two.buffers);
  EXPECT_EQ(refusal_of([&] { layer.layer.forward(pass, x); }),
            "BatchNorm: keeps state that was not handed over: the pass has 4 buffers, its set 2");
}

// What a pass only looks at is not taken from a temporary.
static_assert(std::constructible_from<Forward, std::vector<Var>&, Mode, RandomStream>);
static_assert(!std::constructible_from<Forward, std::vector<Var>, Mode, RandomStream>);
static_assert(std::constructible_from<Forward, std::vector<Var>&, Mode, RandomStream, std::vector<Tensor>&>);
static_assert(!std::constructible_from<Forward, std::vector<Var>&, Mode, RandomStream, std::vector<Tensor>>);
static_assert(!std::copy_constructible<ParameterSet>);

}  // namespace
}  // namespace gradus::nn
