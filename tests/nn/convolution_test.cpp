// Convolution and pooling layers.
#include "nn/layers/convolution.h"

#include "tests/nn/layer_check.h"

namespace gradus::nn {
namespace {

TEST(Conv2d, DeclaresItsWeightsAndPassesGradcheck) {
  const Declared layer{Conv2d(4, 6, {3, 2}, {.stride = {1, 2}, .padding = same_padding(), .groups = 2})};
  ASSERT_EQ(layer.set.slices().size(), 2u);
  EXPECT_EQ(layer.set.slices()[0].name, "weight");
  EXPECT_EQ(layer.set.slices()[0].shape, (Shape{3, 2, 2, 6}));
  EXPECT_EQ(layer.set.slices()[1].shape, (Shape{6}));
  EXPECT_EQ(layer.set.slices()[1].tags, (std::vector<std::string>{"bias"}));
  EXPECT_EQ(check_layer(layer, random_tensor({2, 4, 5, 4}, 1)), "");
}

// A kernel of one pixel is a dense layer at each pixel, and so is one that covers the image.
TEST(Conv2d, IsADenseLayerWhereTheKernelIsAPixelOrTheImage) {
  for (const bool pixel : {true, false}) {
    const Declared layer{Conv2d(3, 5, pixel ? Extent2d{1, 1} : Extent2d{2, 4})};
    const Tensor x = random_tensor({2, 2, 4, 3}, 2);
    const Shape rows = pixel ? Shape{16, 3} : Shape{2, 24};
    Tape tape(DType::float64);
    const auto leaves = layer.leaves(tape);
    Forward f(leaves, Mode::train, RandomStream(0));
    const Tensor y = layer.layer.forward(f, tape.leaf(x)).value();
    const Var dense = affine(tape.leaf(x.reshaped(rows)), tape.leaf(layer["weight"].reshaped({rows[1], 5})), leaves[1]);
    ASSERT_EQ(y.shape(), pixel ? (Shape{2, 2, 4, 5}) : (Shape{2, 1, 1, 5}));
    for (std::int64_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y.at(i), dense.value().at(i), 1e-12);
  }
}

TEST(Conv2d, BeginsWithTheVarianceOfItsFanIn) {
  const Declared layer{Conv2d(8, 300, {3, 3})};
  const Tensor initial = layer.set.initial(DType::float64, RandomStream(1)), w = layer.set.views(initial)[0];
  double variance = 0;
  for (const double x : w.to_vector()) variance += x * x / static_cast<double>(w.size());
  EXPECT_NEAR(variance, 2.0 / (8 * 3 * 3), 0.03 * 2.0 / (8 * 3 * 3));
  for (const double b : layer.set.views(initial)[1].to_vector()) EXPECT_EQ(b, 0);
}

TEST(Conv2d, RefusesWrongSizes) {
  EXPECT_EQ(refusal_of([] {
              Conv2d(4, 6, {3, 3}, {.groups = 4});
            }),
            "Conv2d: 4 input and 6 output channels in 4 groups, expected multiples of the groups");
  EXPECT_EQ(refusal_of([] {
              Conv2d(4, 6, {3, 0});
            }),
            "Conv2d: kernel 3x0, stride 1x1, expected at least 1 along each axis");
  const Declared layer{Conv2d(4, 6, {3, 3})};
  Tape tape(DType::float64);
  const auto leaves = layer.leaves(tape);
  Forward f(leaves, Mode::train, RandomStream(0));
  EXPECT_EQ(refusal_of([&] {
              layer.layer.forward(f, tape.leaf(random_tensor({1, 5, 5, 3}, 1)));
            }),
            "conv2d_bias: [1, 5, 5, 3] * [3, 3, 4, 6], expected [1, 5, 5, 3] * [3, 3, 3, 6] with groups 1");
}

// A small network of the kind that the layers are for; its parameters get gradients that finite differences confirm.
TEST(Conv2d, TrainsBetweenPoolingLayers) {
  const Declared model{Sequential{Conv2d(1, 4, {3, 3}, {.padding = same_padding()}), Tanh{}, MaxPool2d({2, 2}),
                                  Conv2d(4, 3, {3, 3}), AvgPool2d({2, 2}, {1, 1}), Flatten{}, Linear{3, 2}}};
  EXPECT_EQ(check_layer(model, random_tensor({2, 8, 8, 1}, 3)), "");
}

TEST(Conv2d, InitialisersCountThePlacesOfTheKernel) {
  const Tensor weight = Tensor::zeros({3, 3, 40, 80}, DType::float64);
  RandomStream random(1);
  glorot_uniform().fill(weight, random);
  double largest = 0;
  for (const double x : weight.elements<double>()) largest = std::max(largest, std::abs(x));
  const double limit = std::sqrt(6.0 / (9 * 40 + 9 * 80));  // Glorot & Bengio (2010), eq. 16
  EXPECT_LE(largest, limit);
  EXPECT_GT(largest, 0.99 * limit);
}

}  // namespace
}  // namespace gradus::nn
