// Layer, batch and group normalisation.
#include "nn/layers/normalization.h"

#include <cmath>

#include "tests/nn/layer_check.h"

namespace gradus::nn {
namespace {

TEST(LayerNorm, NormalisesEachRowAndPassesGradcheck) {
  const Declared layer{LayerNorm(6)};
  const Tensor x = random_tensor({2, 3, 6}, 1);
  EXPECT_EQ(check_layer(layer, x), "");
  Tape tape(DType::float64);
  const auto leaves = layer.leaves(tape);
  Forward f(leaves, Mode::train, RandomStream(0));
  const Tensor y = layer.layer.forward(f, tape.leaf(x)).value();
  for (std::int64_t row = 0; row < 6; ++row) {
    double mean = 0, variance = 0;
    for (std::int64_t i = 0; i < 6; ++i) mean += x.at(row * 6 + i) / 6;
    for (std::int64_t i = 0; i < 6; ++i) variance += std::pow(x.at(row * 6 + i) - mean, 2) / 6;
    for (std::int64_t i = 0; i < 6; ++i)
      EXPECT_NEAR(y.at(row * 6 + i),
                  (x.at(row * 6 + i) - mean) / std::sqrt(variance + 1e-5) * layer["weight"].at(i) + layer["bias"].at(i),
                  1e-12);
  }
  EXPECT_EQ(layer.set.slices()[1].tags, (std::vector<std::string>{"norm", "bias"}));
  const Tensor initial = layer.set.initial(DType::float64, RandomStream(1));
  EXPECT_EQ(layer.set.views(initial)[0].to_vector(), std::vector<double>(6, 1));
  EXPECT_EQ(refusal_of([&] { LayerNorm(0); }), "LayerNorm: 0 features, expected at least 1");
  EXPECT_EQ(refusal_of([&] { layer.layer.forward(f, tape.leaf(layer["weight"].part(0, {5}))); }),
            "layer_norm: [5] with weight [6] and bias [6], expected [.., n] with weight [n] and bias [n]");
}

TEST(RmsNorm, DividesEachRowByItsRootMeanSquareAndPassesGradcheck) {
  const Declared layer{RmsNorm(3, 0.5)};
  EXPECT_EQ(check_layer(layer, random_tensor({2, 4, 3}, 1)), "");
  Tape tape(DType::float64);
  const auto leaves = layer.leaves(tape);
  Forward f(leaves, Mode::train, RandomStream(0));
  const Tensor y = layer.layer.forward(f, tape.copy(Tensor::of({2, 3}, {1, -2, 3, 0, 0, 0}))).value();
  const double x[] = {1, -2, 3};
  for (std::int64_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(y.at(i), x[i] / std::sqrt(14.0 / 3 + 0.5) * layer["weight"].at(i), 1e-15);
    EXPECT_EQ(y.at(3 + i), 0);
  }
  EXPECT_EQ(layer.set.slices()[0].tags, std::vector<std::string>{"norm"});
  EXPECT_EQ(refusal_of([&] {
              layer.layer.forward(f, tape.leaf(random_tensor({2, 1}, 2)));
            }),
            "RmsNorm: [2, 1] and [3], expected [.., features] and [features]");
}

TEST(BatchNorm, PassesGradcheckInBothModesAndAlongAnyAxis) {
  EXPECT_EQ(check_layer(Declared{BatchNorm(3)}, random_tensor({5, 3}, 1)), "");
  EXPECT_EQ(check_layer(Declared{BatchNorm(3, {.channel_axis = 1})}, random_tensor({2, 3, 2, 2}, 2)), "");
  EXPECT_EQ(check_layer(Declared{BatchNorm(4, {.epsilon = 0.1})}, random_tensor({2, 2, 2, 4}, 3)), "");
  EXPECT_EQ(check_layer(Declared{BatchNorm(3)}, random_tensor({5, 3}, 4), Mode::evaluate), "");
}

TEST(BatchNorm, AveragesTheStatisticsOfItsBatchesForEvaluation) {
  for (const DType type : {DType::float64, DType::float32}) {
    Declared layer{BatchNorm(2), type};
    ASSERT_EQ(layer.set.buffers().size(), 2u);
    EXPECT_EQ(layer.set.buffers()[0].name, "running_mean");
    EXPECT_EQ(layer.set.buffers()[1].name, "running_variance");
    layer["weight"].fill(2), layer["bias"].fill(3);
    const Tensor x = Tensor::of({3, 2}, {1, 10, 2, 20, 6, 60}, type);
    Tape tape(type);
    const auto leaves = layer.leaves(tape);
    const Var input = tape.leaf(x);

    Forward train(leaves, Mode::train, RandomStream(0), layer.buffers);
    const Tensor y = layer.layer.forward(train, input).value();  // mean 3, biased variance 14/3, unbiased 7
    EXPECT_NEAR(y.at(0), 3 + 2 * (1 - 3) / std::sqrt(14.0 / 3 + 1e-5), 1e-5);
    EXPECT_NEAR(layer.buffers[0].at(0), 0.1 * 3, 1e-6);
    EXPECT_NEAR(layer.buffers[1].at(0), 0.9 + 0.1 * 7, 1e-6);
    EXPECT_NEAR(layer.buffers[1].at(1), 0.9 + 0.1 * 700, 1e-4);

    // Without buffers a batch may be evaluated again and leaves no trace; an evaluating pass leaves none either.
    Forward again(leaves, Mode::train, RandomStream(0)),
        evaluate(leaves, Mode::evaluate, RandomStream(0), layer.buffers);
    EXPECT_EQ(layer.layer.forward(again, input).value().to_vector(), y.to_vector());
    const Tensor z = layer.layer.forward(evaluate, input).value();
    EXPECT_NEAR(z.at(0), 3 + 2 * (1 - 0.3) / std::sqrt(1.6 + 1e-5), 1e-5);
    EXPECT_NEAR(layer.buffers[0].at(0), 0.1 * 3, 1e-6);
  }
}

TEST(BatchNorm, SaysWhatIsWrong) {
  const Declared layer{BatchNorm(2)};
  Tape tape(DType::float64);
  const auto leaves = layer.leaves(tape);
  const Tensor x = random_tensor({1, 2}, 1), wide = random_tensor({4, 3}, 1);
  Forward train(leaves, Mode::train, RandomStream(0)), evaluate(leaves, Mode::evaluate, RandomStream(0));
  EXPECT_EQ(refusal_of([&] { layer.layer.forward(train, tape.leaf(x)); }),
            "BatchNorm: [1, 2] has 1 values per channel, expected at least 2 while training");
  EXPECT_EQ(refusal_of([&] { layer.layer.forward(train, tape.leaf(wide)); }),
            "BatchNorm: [4, 3], expected 2 channels along axis -1");
  EXPECT_NE(refusal_of([&] { layer.layer.forward(evaluate, tape.leaf(x)); }).find("0 buffers"), std::string::npos);
  EXPECT_EQ(refusal_of([&] { BatchNorm(2, {.momentum = 2}); }), "BatchNorm: momentum 2, expected 0 to 1");
  ParameterSet set;
  BufferId one, another;
  set.add(one, BufferSlice{"running_mean", {1}, 0});
  EXPECT_THROW(set.add(another, BufferSlice{"running_mean", {1}, 0}), std::invalid_argument);
}

TEST(GroupNorm, NormalisesEachGroupOfAnExampleAndPassesGradcheck) {
  EXPECT_EQ(check_layer(Declared{GroupNorm(2, 4)}, random_tensor({3, 4}, 2)), "");
  EXPECT_EQ(check_layer(Declared{GroupNorm(2, 4)}, random_tensor({2, 3, 2, 4}, 1)), "");
  EXPECT_EQ(check_layer(Declared{GroupNorm(2, 4, {.channel_axis = 1})}, random_tensor({2, 4, 3}, 1)), "");
  for (const bool channels_first : {true, false}) {
    const Declared layer{GroupNorm(2, 4, {.channel_axis = channels_first ? 1 : -1})};
    const Tensor x = random_tensor(channels_first ? Shape{2, 4, 3} : Shape{2, 3, 4}, 1);
    Tape tape(DType::float64);
    const auto leaves = layer.leaves(tape);
    Forward f(leaves, Mode::train, RandomStream(0));
    const Tensor y = layer.layer.forward(f, tape.leaf(x)).value();
    const auto place = [&](std::int64_t b, std::int64_t c, std::int64_t k) {
      return channels_first ? b * 12 + c * 3 + k : b * 12 + k * 4 + c;
    };
    for (std::int64_t b = 0; b < 2; ++b)
      for (std::int64_t group = 0; group < 2; ++group) {
        double mean = 0, variance = 0;
        const auto for_each = [&](const auto& body) {
          for (std::int64_t c = 2 * group; c < 2 * group + 2; ++c)
            for (std::int64_t k = 0; k < 3; ++k) body(c, place(b, c, k));
        };
        for_each([&](std::int64_t, std::int64_t i) { mean += x.at(i) / 6; });
        for_each([&](std::int64_t, std::int64_t i) { variance += std::pow(x.at(i) - mean, 2) / 6; });
        for_each([&](std::int64_t c, std::int64_t i) {
          EXPECT_NEAR(y.at(i),
                      (x.at(i) - mean) / std::sqrt(variance + 1e-5) * layer["weight"].at(c) + layer["bias"].at(c),
                      1e-12);
        });
      }
  }
  const Declared layer{GroupNorm(2, 4)};
  Tape tape(DType::float64);
  const auto leaves = layer.leaves(tape);
  Forward f(leaves, Mode::train, RandomStream(0));
  const Tensor x = random_tensor({2, 3}, 1), flat = random_tensor({4}, 1);
  EXPECT_EQ(refusal_of([] { GroupNorm(3, 4); }),
            "GroupNorm: 3 groups of 4 channels, expected groups that divide the channels");
  EXPECT_EQ(refusal_of([&] { layer.layer.forward(f, tape.leaf(x)); }),
            "GroupNorm: [2, 3], expected 4 channels along axis -1");
  EXPECT_EQ(refusal_of([&] { layer.layer.forward(f, tape.leaf(flat)); }),
            "GroupNorm: [4] has no batch before its channels");
}

}  // namespace
}  // namespace gradus::nn
