// Gradient-check cases of normalisation; and its values.
#include <gtest/gtest.h>

#include <cmath>

#include "autodiff/operations.h"
#include "tests/autodiff/operation_cases.h"
#include "tests/support/throws.h"

namespace gradus {
namespace {

const bool added = add_cases({
    {"standardize", {{3, 5}}, [](Tape&, const Leaves& x) { return standardize(x[0]); }},
    {"standardize", {{2, 2, 20}}, [](Tape&, const Leaves& x) { return standardize(x[0], 0.1); }},
    {"standardize_derivative",
     {{3, 5}, {3, 5}},
     [](Tape&, const Leaves& x) { return apply(ops::StandardizeDerivative{1e-5}, x[0], x[1]); }},
    {"inverse_deviation", {{3, 5}}, [](Tape&, const Leaves& x) { return apply(ops::InverseDeviation{1e-5}, x[0]); }},
    {"layer_norm", {{4, 6}, {6}, {6}}, [](Tape&, const Leaves& x) { return layer_norm(x[0], x[1], x[2]); }},
    {"layer_norm",
     {{2, 3, 18}, {18}, {18}},
     [](Tape&, const Leaves& x) { return square(layer_norm(x[0], x[1], x[2], 0.1)); }},
    {"attention", {{2, 3, 12}}, [](Tape&, const Leaves& x) { return square(attention(x[0], 2, 0.7, false)); }},
    {"attention", {{1, 70, 6}}, [](Tape&, const Leaves& x) { return attention(x[0], 1, 0.4, true); }},
    {"attention", {{1, 130, 3}}, [](Tape&, const Leaves& x) { return attention(x[0], 1, 0.4, false); }},
    {"attention_derivative",
     {{2, 3, 4}, {2, 3, 12}},
     [](Tape&, const Leaves& x) {
       return apply(ops::AttentionDerivative{{2, 0.7, true}}, x[0], x[1]);
     }},
    {"attention_derivative",
     {{1, 70, 1}, {1, 70, 3}},
     [](Tape&, const Leaves& x) {
       return apply(ops::AttentionDerivative{{1, 0.7, false}}, x[0], x[1]);
     }},
    {"attention_weights",
     {{2, 3, 4}},
     [](Tape&, const Leaves& x) { return square(attention_weights(x[0], 0.7, false)); }},
    {"attention_weights",
     {{2, 3, 3}},
     [](Tape&, const Leaves& x) { return square(attention_weights(x[0], 0.7, true)); }},
    {"attention_weights", {{3, 40}}, [](Tape&, const Leaves& x) { return square(attention_weights(x[0], 2, true)); }},
    {"attention_weights_derivative",
     {{3, 4}, {3, 4}},
     [](Tape&, const Leaves& x) { return apply(ops::AttentionWeightsDerivative{0.7}, x[0], softmax(x[1])); }},
    {"channel_moments", {{5, 3}}, [](Tape&, const Leaves& x) { return square(channel_moments(x[0])); }},
    {"channel_moments", {{2, 3, 2, 9}}, [](Tape&, const Leaves& x) { return square(channel_moments(x[0])); }},
    {"channel_moments", {{2, 2, 70}}, [](Tape&, const Leaves& x) { return square(channel_moments(x[0], 2)); }},
    {"channel_dot",
     {{2, 3, 4}, {2, 3, 4}, {3}},
     [](Tape&, const Leaves& x) { return square(apply(ops::ChannelDot{1}, x[0], x[1], x[2])); }},
    {"channel_dot",
     {{4, 3}, {4, 3}, {3}},
     [](Tape&, const Leaves& x) { return square(apply(ops::ChannelDot{1}, x[0], x[1], x[2])); }},
    {"channel_affine",
     {{2, 3, 4}, {3}, {3}, {3}},
     [](Tape&, const Leaves& x) { return square(channel_affine(x[0], x[1], x[2], x[3])); }},
    {"channel_affine",
     {{4, 3}, {3}, {3}, {3}},
     [](Tape&, const Leaves& x) { return square(channel_affine(x[0], x[1], x[2], x[3])); }},
});

TEST(Normalization, GivesMeanZeroAndVarianceOneFarFromTheOrigin) {
  for (const DType type : {DType::float32, DType::float64}) {
    Tape tape(type);
    const Tensor x = Tensor::uninitialized({3, 50}, type);
    for (std::int64_t i = 0; i < x.size(); ++i) x.set(i, 1000 + std::sin(static_cast<double>(i)));
    const auto y = standardize(tape.leaf(x), 0).value().to_vector();
    for (std::size_t row = 0; row < 3; ++row) {
      double mean = 0, squares = 0;
      for (std::size_t i = 0; i < 50; ++i) {
        mean += y[row * 50 + i] / 50;
        squares += y[row * 50 + i] * y[row * 50 + i] / 50;
      }
      EXPECT_NEAR(mean, 0, 1e-3);  // the mean itself is right to about 1e-7 of 1000
      EXPECT_NEAR(squares, 1, 1e-3);
    }
  }
}

TEST(Attention, NamesWrongShapes) {
  Tape tape(DType::float64);
  const Tensor x = Tensor::zeros({2, 3, 12}, DType::float64);
  EXPECT_EQ(refusal_of([&] { attention(tape.leaf(x), 3, 1, false); }),
            "attention: [2, 3, 12], expected [batch, time, 3 width] with a width that 3 heads divide");
}

TEST(Normalization, ChannelMomentsAreMeanAndBiasedVariance) {
  Tape tape(DType::float64);
  const Tensor x = Tensor::of({2, 2, 2}, {1, 3, 10, 10, 5, 7, 10, 14});
  EXPECT_EQ(channel_moments(tape.leaf(x)).value().to_vector(), (std::vector<double>{4, 11, 5, 3}));
  EXPECT_EQ(channel_moments(tape.leaf(x), 2).value().to_vector(), (std::vector<double>{6.5, 8.5, 14.25, 16.25}));
  const Tensor three = Tensor::zeros({3}, DType::float64);
  const Var v = tape.leaf(x), w = tape.leaf(three);
  EXPECT_THROW(channel_affine(v, w, w, w), std::invalid_argument);
  EXPECT_THROW(layer_norm(v, w, w), std::invalid_argument);
  EXPECT_THROW(channel_moments(v, 3), std::invalid_argument);
}

}  // namespace
}  // namespace gradus
