// Attention, transformer blocks, embeddings, positions, and layers around layers.
#include <cmath>
#include <set>

#include "tests/nn/layer_check.h"

namespace gradus::nn {
namespace {

// Attention in plain loops: for each head, softmax(q k^T / sqrt(share) + mask) v.
std::vector<double> attention_by_hand(const Declared<MultiHeadAttention>& layer, const Tensor& x, std::int64_t heads,
                                      bool causal, const std::vector<std::int64_t>& lengths) {
  const std::int64_t batch = x.shape()[0], time = x.shape()[1], width = x.shape()[2], share = width / heads;
  const auto in = [&](std::int64_t b, std::int64_t t, std::int64_t column) {
    double total = layer["in_bias"].at(column);
    for (std::int64_t k = 0; k < width; ++k)
      total += x.at((b * time + t) * width + k) * layer["in_weight"].at(k * 3 * width + column);
    return total;
  };
  std::vector<double> seen(static_cast<std::size_t>(batch * time * width)), y;
  for (std::int64_t b = 0; b < batch; ++b)
    for (std::int64_t h = 0; h < heads; ++h)
      for (std::int64_t q = 0; q < time; ++q) {
        std::vector<double> weight;
        double total = 0;
        for (std::int64_t k = 0; k < time; ++k) {
          double score = 0;
          for (std::int64_t i = h * share; i < (h + 1) * share; ++i) score += in(b, q, i) * in(b, k, width + i);
          const bool hidden = (causal && k > q) || k >= lengths[static_cast<std::size_t>(b)];
          weight.push_back(hidden ? 0 : std::exp(score / std::sqrt(static_cast<double>(share))));
          total += weight.back();
        }
        for (std::int64_t i = h * share; i < (h + 1) * share; ++i)
          for (std::int64_t k = 0; k < time; ++k)
            seen[static_cast<std::size_t>((b * time + q) * width + i)] +=
                weight[static_cast<std::size_t>(k)] / total * in(b, k, 2 * width + i);
      }
  for (std::int64_t row = 0; row < batch * time; ++row)
    for (std::int64_t column = 0; column < width; ++column) {
      double total = layer["out_bias"].at(column);
      for (std::int64_t k = 0; k < width; ++k)
        total += seen[static_cast<std::size_t>(row * width + k)] * layer["out_weight"].at(k * width + column);
      y.push_back(total);
    }
  return y;
}

TEST(MultiHeadAttention, IsWhatTheFormulaSays) {
  const Tensor x = random_tensor({2, 5, 6}, 1), mask = padding_mask(std::vector<std::int64_t>{5, 3}, 5, DType::float64);
  for (const bool causal : {false, true}) {
    const Declared layer{MultiHeadAttention(6, 2, {.causal = causal})};
    Tape tape(DType::float64);
    const auto leaves = layer.leaves(tape);
    Forward f(leaves, Mode::train, RandomStream(0));
    const Tensor plain = layer.layer.forward(f, tape.leaf(x)).value();
    const Tensor padded = layer.layer.forward(f, tape.leaf(x), tape.leaf(mask)).value();
    const auto plain_by_hand = attention_by_hand(layer, x, 2, causal, {5, 5});
    const auto padded_by_hand = attention_by_hand(layer, x, 2, causal, {5, 3});
    ASSERT_EQ(plain.shape(), x.shape());
    for (std::int64_t i = 0; i < x.size(); ++i) {
      EXPECT_NEAR(plain.at(i), plain_by_hand[static_cast<std::size_t>(i)], 1e-12);
      EXPECT_NEAR(padded.at(i), padded_by_hand[static_cast<std::size_t>(i)], 1e-12);
    }
  }
}

TEST(MultiHeadAttention, PassesGradcheck) {
  const Tensor x = random_tensor({2, 3, 4}, 1), mask = padding_mask(std::vector<std::int64_t>{3, 2}, 3, DType::float64);
  EXPECT_EQ(check_layer(Declared{MultiHeadAttention(4, 2)}, x), "");
  EXPECT_EQ(check_layer(Declared{MultiHeadAttention(4, 2, {.causal = true})}, x), "");
  EXPECT_EQ(check_layer(Declared{MultiHeadAttention(4, 1, {.causal = true, .dropout = 0.3})}, x), "");
  EXPECT_EQ(check_layer(Declared{MultiHeadAttention(4, 2, {.causal = true})}, x, Mode::train,
                        [&](const MultiHeadAttention& layer, Forward& f, const Var& input) {
                          return layer.forward(f, input, input.tape().leaf(mask));
                        }),
            "");
}

TEST(MultiHeadAttention, DropsWeightsWhileTrainingOnly) {
  const Declared layer{MultiHeadAttention(4, 2, {.dropout = 0.5})};
  const Tensor x = random_tensor({2, 6, 4}, 1);
  Tape tape(DType::float64);
  const auto leaves = layer.leaves(tape);
  Forward train(leaves, Mode::train, RandomStream(1)), evaluate(leaves, Mode::evaluate, RandomStream(1));
  const auto y = layer.layer.forward(evaluate, tape.leaf(x)).value().to_vector();
  EXPECT_EQ(y, layer.layer.forward(evaluate, tape.leaf(x)).value().to_vector());
  const auto first = layer.layer.forward(train, tape.leaf(x)).value().to_vector();
  EXPECT_NE(y, first);
  EXPECT_NE(first, layer.layer.forward(train, tape.leaf(x)).value().to_vector());
}

TEST(MultiHeadAttention, SaysWhatIsWrong) {
  EXPECT_EQ(refusal_of([] { MultiHeadAttention(6, 4); }),
            "MultiHeadAttention: width 6 for 4 heads, expected a multiple");
  EXPECT_EQ(refusal_of([] { MultiHeadAttention(6, 2, {.dropout = 1}); }),
            "MultiHeadAttention: dropout 1, expected 0 <= p < 1");
  EXPECT_EQ(refusal_of([] {
              padding_mask(std::vector<std::int64_t>{2, 4}, 3, DType::float32);
            }),
            "padding_mask: length 4 of sequence 1, expected 1 to 3");
  const Declared layer{MultiHeadAttention(4, 2)};
  Tape tape(DType::float64);
  const auto leaves = layer.leaves(tape);
  Forward f(leaves, Mode::train, RandomStream(0));
  const Tensor x = random_tensor({3, 4}, 1);
  EXPECT_EQ(refusal_of([&] { layer.layer.forward(f, tape.leaf(x)); }),
            "MultiHeadAttention: [3, 4], expected [batch, time, 4]");
}

TEST(TransformerBlock, PassesGradcheckAndNamesItsParts) {
  const Declared block{TransformerBlock(4, 2, {.hidden = 6, .activation = Tanh{}})};
  EXPECT_EQ(check_layer(block, random_tensor({2, 3, 4}, 1)), "");
  std::set<std::string> names;
  for (const ParameterSlice& slice : block.set.slices()) names.insert(slice.name);
  EXPECT_EQ(names, (std::set<std::string>{"attention_norm.weight", "attention_norm.bias", "attention.in_weight",
                                          "attention.in_bias", "attention.out_weight", "attention.out_bias",
                                          "network_norm.weight", "network_norm.bias", "network.0.weight",
                                          "network.0.bias", "network.2.weight", "network.2.bias"}));
  EXPECT_EQ(Declared{TransformerBlock(8, 2)}["network.0.weight"].shape(), (Shape{8, 32}));
}

TEST(TransformerBlock, DoesNotSeeTheFuture) {
  const Declared block{TransformerBlock(4, 2)};
  const Tensor x = random_tensor({1, 5, 4}, 1), changed = x.clone();
  for (std::int64_t i = 3 * 4; i < 5 * 4; ++i) changed.set(i, 7);
  Tape tape(DType::float64);
  const auto leaves = block.leaves(tape);
  Forward f(leaves, Mode::train, RandomStream(0));
  const Tensor y = block.layer.forward(f, tape.leaf(x)).value(), z = block.layer.forward(f, tape.leaf(changed)).value();
  for (std::int64_t i = 0; i < 3 * 4; ++i) EXPECT_EQ(y.at(i), z.at(i)) << i;
  EXPECT_NE(y.at(12), z.at(12));
}

TEST(Residual, AddsItsInputAndRefusesAnotherShape) {
  const Declared layer{Residual(Sequential{Linear(3, 3), Tanh{}})};
  EXPECT_EQ(layer.set.slices()[0].name, "0.weight");
  EXPECT_EQ(check_layer(layer, random_tensor({4, 3}, 1)), "");
  const Declared wrong{Residual(Linear(3, 2))};
  Tape tape(DType::float64);
  const auto leaves = wrong.leaves(tape);
  Forward f(leaves, Mode::train, RandomStream(0));
  const Tensor x = random_tensor({4, 3}, 1);
  EXPECT_EQ(refusal_of([&] { wrong.layer.forward(f, tape.leaf(x)); }),
            "Residual: the inner layer makes [4, 2] of [4, 3], expected the same shape");
}

TEST(PerPosition, AppliesALayerOfRowsToSequences) {
  const Declared layer{PerPosition(Linear(3, 2))};
  EXPECT_EQ(check_layer(layer, random_tensor({2, 4, 3}, 1)), "");
  Tape tape(DType::float64);
  const auto leaves = layer.leaves(tape);
  Forward f(leaves, Mode::train, RandomStream(0));
  const Tensor x = random_tensor({2, 4, 3}, 1);
  EXPECT_EQ(layer.layer.forward(f, tape.leaf(x)).shape(), (Shape{2, 4, 2}));
  EXPECT_EQ(refusal_of([&] { layer.layer.forward(f, tape.leaf(x.part(0, {3}))); }),
            "PerPosition: [3], expected [.., features]");
}

TEST(Embedding, LooksVectorsUpAndLearnsThem) {
  const Declared layer{Embedding(5, 3)};
  const Tensor tokens = Tensor::uninitialized({2, 2}, DType::int32);
  for (std::int64_t i = 0; i < 4; ++i) tokens.set(i, static_cast<double>(i * i % 5));  // 0 1 4 4
  const FunctionOfLeaves function = [&](Tape& tape, const std::vector<Var>& leaves) {
    Forward f(leaves, Mode::train, RandomStream(0));
    return square(layer.layer.forward(f, tape.leaf(tokens)));
  };
  EXPECT_EQ(gradcheck("embedding", function, layer.views), "");
  Tape tape(DType::float64);
  const auto leaves = layer.leaves(tape);
  Forward f(leaves, Mode::train, RandomStream(0));
  const Var y = layer.layer.forward(f, tape.leaf(tokens));
  EXPECT_EQ(y.shape(), (Shape{2, 2, 3}));
  EXPECT_EQ(y.value().part(6, {3}).to_vector(), layer["weight"].part(12, {3}).to_vector());
  tokens.set(0, 5);
  EXPECT_EQ(refusal_of([&] { layer.layer.forward(f, tape.leaf(tokens)); }),
            "gather: index 5 at position 0 is not in [0, 5)");
  EXPECT_EQ(refusal_of([] { Embedding(0, 3); }), "Embedding: [0, 3], expected at least 1 of each");
}

TEST(Positions, AreSinesAndCosinesOrLearned) {
  const SinusoidalPositions layer(6, 5);
  for (const DType type : {DType::float32, DType::float64}) {
    Tape tape(type);
    const Tensor zero = Tensor::zeros({2, 4, 5}, type);
    Forward f({}, Mode::train, RandomStream(0));
    const Tensor y = layer.forward(f, tape.leaf(zero)).value();
    EXPECT_EQ(y.at(0), 0);
    EXPECT_EQ(y.at(1), 1);
    EXPECT_NEAR(y.at((4 + 3) * 5 + 2), std::sin(3 / std::pow(10000, 2.0 / 5)), 1e-6);
    EXPECT_NEAR(y.at((4 + 3) * 5 + 3), std::cos(3 / std::pow(10000, 2.0 / 5)), 1e-6);
    const Tensor longer = Tensor::zeros({2, 7, 5}, type);
    EXPECT_EQ(refusal_of([&] { layer.forward(f, tape.leaf(longer)); }),
              "SinusoidalPositions: [2, 7, 5], expected [batch, at most 6 steps, 5]");
  }
  const Declared learned{LearnedPositions(6, 5)};
  EXPECT_EQ(check_layer(learned, random_tensor({2, 4, 5}, 1)), "");
}

}  // namespace
}  // namespace gradus::nn
