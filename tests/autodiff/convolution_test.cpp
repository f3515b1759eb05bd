// Convolution and pooling against plain loops over their definition, in both element types and on every path of the
// kernels.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "autodiff/gradient.h"
#include "autodiff/kernels/convolution.h"
#include "autodiff/kernels/products.h"
#include "autodiff/kernels/simd.h"
#include "autodiff/kernels/winograd.h"
#include "autodiff/operations.h"
#include "autodiff/tensor/random.h"
#include "tests/support/throws.h"

namespace gradus {
namespace {

// Multiples of 1/8 in [-1, 1]: exact in both element types.
Tensor random_eighths(const Shape& shape, std::uint64_t seed, DType type = DType::float64) {
  RandomStream random(seed, "convolution");
  const Tensor tensor = Tensor::uninitialized(shape, type);
  for (std::int64_t i = 0; i < tensor.size(); ++i) tensor.set(i, std::floor(random.uniform(-8, 9)) / 8);
  return tensor;
}

// One convolution by its definition: f(element of y, element of x, element of w) for each product that it adds up.
template <class F>
void for_each_product(const kernels::Convolution& c, const F& f) {
  const auto& [kernel, stride, before, after] = c.window;
  const std::int64_t in = c.in_channels / c.groups, out = c.out_channels / c.groups;
  for (std::int64_t n = 0; n < c.batch; ++n)
    for (std::int64_t i = 0; i < c.places.height; ++i)
      for (std::int64_t j = 0; j < c.places.width; ++j)
        for (std::int64_t o = 0; o < c.out_channels; ++o)
          for (std::int64_t k = 0; k < kernel.height; ++k)
            for (std::int64_t l = 0; l < kernel.width; ++l) {
              const std::int64_t row = i * stride.height + k - before.height,
                                 column = j * stride.width + l - before.width;
              if (row < 0 || row >= c.image.height || column < 0 || column >= c.image.width) continue;
              for (std::int64_t q = 0; q < in; ++q)
                f(((n * c.places.height + i) * c.places.width + j) * c.out_channels + o,
                  ((n * c.image.height + row) * c.image.width + column) * c.in_channels + o / out * in + q,
                  ((k * kernel.width + l) * in + q) * c.out_channels + o);
            }
}

kernels::Convolution sizes(std::int64_t batch, const Extent2d& image, std::int64_t in, std::int64_t out,
                           const Window2d& window, std::int64_t groups = 1) {
  return {window, batch, image, window.places(image), in, out, groups};
}

std::vector<kernels::Convolution> configurations() {
  const auto square = [](std::int64_t kernel, std::int64_t pad) {
    return Window2d{{kernel, kernel}, {1, 1}, {pad, pad}, {pad, pad}};
  };
  return {
      sizes(2, {6, 7}, 1, 5, square(5, 2)), sizes(2, {6, 7}, 3, 4, {{3, 2}, {2, 1}, {1, 0}, {2, 1}}),
      sizes(3, {8, 8}, 8, 12, {{3, 3}, {2, 2}, {0, 1}, {1, 1}}, 4), sizes(2, {5, 5}, 16, 16, square(3, 1), 16),
      sizes(2, {4, 3}, 20, 7, square(1, 0)), sizes(2, {5, 4}, 6, 9, {{1, 1}, {2, 2}}),
      sizes(1, {3, 3}, 2, 2, square(3, 0)),
      // A whole number of vectors of channels, in one step; images smaller and larger than a tile of any fast method.
      sizes(2, {9, 11}, 16, 32, square(3, 1)), sizes(3, {4, 4}, 32, 16, square(3, 0)),
      sizes(2, {14, 14}, 32, 48, square(5, 2)), sizes(2, {7, 13}, 48, 16, {{5, 5}, {1, 1}, {1, 3}, {2, 0}}),
      sizes(5, {12, 5}, 16, 16, {{3, 3}, {1, 1}, {2, 0}, {0, 2}}),
      sizes(2, {10, 10}, 32, 32, {{3, 5}, {1, 1}, {1, 2}, {1, 2}}),
      // More places than fit into one slab of patches.
      sizes(40, {24, 24}, 5, 6, square(3, 1))};
}

// |a - b| <= tolerance max |b|
void expect_near(const Tensor& a, const std::vector<double>& b, double tolerance, const std::string& what) {
  double scale = 0;
  for (const double x : b) scale = std::max(scale, std::abs(x));
  ASSERT_EQ(a.size(), static_cast<std::int64_t>(b.size())) << what;
  std::int64_t worst = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const auto error = [&](std::int64_t k) { return std::abs(a.at(k) - b[static_cast<std::size_t>(k)]); };
    if (!(error(i) <= error(worst))) worst = i;
  }
  EXPECT_NEAR(a.at(worst), b[static_cast<std::size_t>(worst)], tolerance * scale) << what << ", element " << worst;
}

TEST(Convolution, IsItsDefinitionInBothTypesWithAndWithoutAccumulation) {
  for (const kernels::Convolution& c : configurations()) {
    const Shape x_shape{c.batch, c.image.height, c.image.width, c.in_channels};
    const Shape y_shape{c.batch, c.places.height, c.places.width, c.out_channels};
    const Shape w_shape{c.window.kernel.height, c.window.kernel.width, c.in_channels / c.groups, c.out_channels};
    const Tensor x = random_eighths(x_shape, 1), w = random_eighths(w_shape, 2), dy = random_eighths(y_shape, 3);
    const Tensor bias = random_eighths({c.out_channels}, 4);
    const auto x_values = x.to_vector(), w_values = w.to_vector(), dy_values = dy.to_vector();
    std::vector<double> y_sums(dy_values.size()), dx_sums(x_values.size()), dw_sums(w_values.size());
    for_each_product(c, [&](std::int64_t y_place, std::int64_t x_place, std::int64_t w_place) {
      const auto i = static_cast<std::size_t>(y_place), j = static_cast<std::size_t>(x_place);
      const auto k = static_cast<std::size_t>(w_place);
      y_sums[i] += x_values[j] * w_values[k];
      dx_sums[j] += dy_values[i] * w_values[k];
      dw_sums[k] += dy_values[i] * x_values[j];
    });
    for (const DType type : {DType::float64, DType::float32})
      for (const bool accumulate : {false, true}) {
        const Tensor y = random_eighths(y_shape, 5), biased = y.clone(), dx = random_eighths(x_shape, 6),
                     dw = random_eighths(w_shape, 7);
        const auto expected = [accumulate](const Tensor& before, std::vector<double> sums) {
          if (accumulate)
            for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += before.at(static_cast<std::int64_t>(i));
          return sums;
        };
        const auto y_expected = expected(y, y_sums);
        const auto dx_expected = expected(dx, dx_sums), dw_expected = expected(dw, dw_sums);
        auto biased_expected = y_expected;
        for (std::size_t i = 0; i < biased_expected.size(); ++i)
          biased_expected[i] += bias.at(static_cast<std::int64_t>(i) % c.out_channels);

        const auto in_type = [type](const Tensor& t) { return t.converted(type); };
        const Tensor tx = in_type(x), tw = in_type(w), tdy = in_type(dy), tbias = in_type(bias);
        const Tensor ty = in_type(y), tbiased = in_type(biased), tdx = in_type(dx), tdw = in_type(dw);
        kernels::convolve(c, ty, accumulate, tx, tw, nullptr);
        kernels::convolve(c, tbiased, accumulate, tx, tw, &tbias);
        kernels::convolve_input_derivative(c, tdx, accumulate, tdy, tw);
        kernels::convolve_weight_derivative(c, tdw, accumulate, tx, tdy);

        const std::string what =
            x_shape.to_string() + " * " + w_shape.to_string() + " " + name_of(type) + (accumulate ? " +=" : " =");
        const double tolerance = type == DType::float64 ? 1e-14 : 1e-5;
        expect_near(ty, y_expected, tolerance, "y: " + what);
        expect_near(tbiased, biased_expected, tolerance, "y with bias: " + what);
        expect_near(tdx, dx_expected, tolerance, "dx: " + what);
        expect_near(tdw, dw_expected, tolerance, "dw: " + what);
      }
  }
}

// Otherwise the test above would not see it.
TEST(Convolution, TakesTheFastMethodWhereItApplies) {
  const bool wide = simd::level() == simd::Level::avx512;
  for (const std::int64_t r : {3, 5}) {
    const auto c = sizes(2, {14, 14}, 32, 48, {{r, r}, {1, 1}, {r / 2, r / 2}, {r / 2, r / 2}});
    const Tensor x = random_eighths({2, 14, 14, 32}, 1, DType::float32),
                 w = random_eighths({r, r, 32, 48}, 2, DType::float32);
    const Tensor y = Tensor::zeros({2, 14, 14, 48}, DType::float32);
    EXPECT_EQ(kernels::winograd_convolve(c, y, false, x, w, nullptr), wide);
    EXPECT_EQ(kernels::winograd_convolve_input_derivative(c, x, false, y, w), wide);
    EXPECT_EQ(kernels::winograd_convolve_weight_derivative(c, w, false, x, y), wide);
  }
}

TEST(Convolution, GivesTheSameBitsForEveryNumberOfThreads) {
  for (const DType type : {DType::float64, DType::float32}) {
    const auto c = sizes(8, {20, 20}, 16, 32, {{3, 3}, {1, 1}, {1, 1}, {1, 1}});
    const Tensor x = random_eighths({8, 20, 20, 16}, 1, type), w = random_eighths({3, 3, 16, 32}, 2, type);
    const auto results = [&] {
      const Tensor y = Tensor::zeros({8, 20, 20, 32}, type), dx = Tensor::zeros(x.shape(), type),
                   dw = Tensor::zeros(w.shape(), type);
      kernels::convolve(c, y, false, x, w, nullptr);
      kernels::convolve_input_derivative(c, dx, false, y, w);
      kernels::convolve_weight_derivative(c, dw, false, x, y);
      return std::array{y.to_vector(), dx.to_vector(), dw.to_vector()};
    };
    const auto one = results();
    kernels::set_threads(3);
    const auto three = results();
    kernels::set_threads(1);
    EXPECT_EQ(one, three);
    EXPECT_EQ(one, results());
  }
}

TEST(Convolution, ChoosesThePaddingThatKeepsTheSizeOrCeilOfItOverTheStride) {
  Tape tape;
  const Var x = tape.copy(Tensor::zeros({2, 28, 27, 3}, DType::float32)),
            w = tape.copy(Tensor::zeros({5, 2, 3, 4}, DType::float32));
  EXPECT_EQ(conv2d(x, w).shape(), (Shape{2, 24, 26, 4}));
  EXPECT_EQ(conv2d(x, w, {{1, 1}, same_padding()}).shape(), (Shape{2, 28, 27, 4}));
  EXPECT_EQ(conv2d(x, w, {{3, 2}, same_padding()}).shape(), (Shape{2, 10, 14, 4}));
  EXPECT_EQ(conv2d(x, w, {{2, 1}, padding(1, 0)}).shape(), (Shape{2, 13, 26, 4}));
  EXPECT_EQ(max_pool2d(x, {2, 2}, {2, 2}).shape(), (Shape{2, 14, 13, 3}));
  EXPECT_EQ(avg_pool2d(x, {3, 3}, {2, 2}, same_padding()).shape(), (Shape{2, 14, 14, 3}));
  const Window2d window = window_on({1, 32, 32, 1}, {3, 4}, {2, 1}, same_padding());  // the odd zero comes last
  EXPECT_EQ(window.before, (Extent2d{0, 1}));
  EXPECT_EQ(window.after, (Extent2d{1, 2}));
}

TEST(Convolution, OfAnEmptyBatchIsEmptyAndItsWeightsHaveNoGradient) {
  for (const DType type : {DType::float32, DType::float64}) {
    Tape tape(type);
    const Var w = tape.copy(Tensor::full({3, 3, 16, 16}, 1, type)),
              x = slice(tape.copy(Tensor::zeros({1, 6, 6, 16}, type)), 0, 0, 0);
    const Var b = tape.copy(Tensor::zeros({16}, type));
    const Var y = max_pool2d(avg_pool2d(conv2d(x, w, b, {{1, 1}, padding(1, 1)}), {2, 2}, {1, 1}), {2, 2}, {2, 2});
    EXPECT_EQ(y.shape(), (Shape{0, 2, 2, 16}));
    for (const double g : gradient(sum(y), {w})[0].to_vector()) EXPECT_EQ(g, 0);
  }
}

TEST(Convolution, RefusesWhatDoesNotFit) {
  Tape tape;
  const auto zeros = [&](const Shape& shape) { return tape.copy(Tensor::zeros(shape, DType::float32)); };
  const Var x = zeros({2, 8, 8, 4}), w = zeros({3, 3, 4, 6});
  EXPECT_EQ(refusal_of([&] {
              conv2d(x, zeros({3, 3, 2, 6}));
            }),
            "conv2d: [2, 8, 8, 4] * [3, 3, 2, 6], expected [2, 8, 8, 4] * [3, 3, 4, 6] with groups 1");
  EXPECT_EQ(refusal_of([&] {
              conv2d(x, zeros({9, 3, 4, 6}));
            }),
            "conv2d: kernel 9x3, stride 1x1, padding 0x0 before and 0x0 after on [2, 8, 8, 4], expected stride >= 1, 0 "
            "<= padding "
            "< kernel <= padded image");
  EXPECT_EQ(refusal_of([&] {
              conv2d(x, w, {{1, 1}, {}, 4});
            }),
            "conv2d: 4 input and 6 output channels in 4 groups, expected multiples of the groups");
  EXPECT_EQ(refusal_of([&] {
              conv2d(zeros({8, 8, 4}), w);
            }),
            "conv2d: [8, 8, 4] * [3, 3, 4, 6], expected [batch, height, width, channels] * [kernel height, kernel "
            "width, channels "
            "/ groups, channels]");
  EXPECT_EQ(refusal_of([&] { conv2d(x, w, zeros({4})); }), "conv2d_bias: bias [4], expected bias [6] for [2, 6, 6, 6]");
  for (const Conv2dOptions& options : {Conv2dOptions{{0, 1}},
                                       {{0, 1}, same_padding()},
                                       {{1, 1}, padding(3, 0)},
                                       {{1, 1}, padding(0, -1)},
                                       {{1, 1}, {}, 0}})
    EXPECT_THROW(conv2d(x, w, options), std::invalid_argument);
  EXPECT_THROW(conv2d(x, zeros({4, 6})), std::invalid_argument);
  EXPECT_THROW(conv2d(x, zeros({0, 3, 4, 6})), std::invalid_argument);
  EXPECT_THROW(apply(ops::Conv2dInputDerivative{{{3, 3}}, 1, {8, 8}}, zeros({2, 5, 6, 6}), w), std::invalid_argument);
  EXPECT_THROW(apply(ops::Conv2dWeightDerivative{{{3, 3}}, 1}, x, zeros({2, 6, 5, 6})), std::invalid_argument);
  EXPECT_THROW(max_pool2d(zeros({2, 8, 8}), {2, 2}, {2, 2}), std::invalid_argument);
  EXPECT_THROW(max_pool2d(x, {2, 2}, {2, 2}, padding(2, 0)), std::invalid_argument);  // a window of padding alone
  EXPECT_THROW(avg_pool2d(x, {9, 2}, {2, 2}), std::invalid_argument);
  EXPECT_THROW(apply(ops::PutAtPoolMax{{{2, 2}, {2, 2}}}, zeros({2, 4, 3, 4}), x), std::invalid_argument);
  EXPECT_THROW(apply(ops::SpreadPool2d{{{2, 2}, {2, 2}}, {8, 8}}, zeros({2, 4, 3, 4})), std::invalid_argument);
}

TEST(Pooling, IsTheMaximumAndTheMeanOfEachWindow) {
  const Window2d window{{3, 2}, {2, 1}, {1, 1}, {0, 1}};
  for (const DType type : {DType::float32, DType::float64})
    for (const std::int64_t channels : {1, 5, 21, 64, 100}) {
      const Tensor x = random_eighths({2, 7, 5, channels}, 8, type);
      const Extent2d places = window.places({7, 5});
      Tape tape(type);
      const Padding2d around{window.before, window.after};
      const Var largest = max_pool2d(tape.leaf(x), window.kernel, window.stride, around);
      const Var average = avg_pool2d(tape.leaf(x), window.kernel, window.stride, around);
      ASSERT_EQ(largest.shape(), (Shape{2, places.height, places.width, channels}));
      std::int64_t element = 0;
      for (std::int64_t n = 0; n < 2; ++n)
        for (std::int64_t i = 0; i < places.height; ++i)
          for (std::int64_t j = 0; j < places.width; ++j)
            for (std::int64_t c = 0; c < channels; ++c, ++element) {
              double best = -std::numeric_limits<double>::infinity(), total = 0;
              for (std::int64_t row = 2 * i - 1; row < 2 * i + 2; ++row)
                for (std::int64_t column = j - 1; column < j + 1; ++column) {
                  if (row < 0 || row >= 7 || column < 0 || column >= 5) continue;
                  const double v = x.at(((n * 7 + row) * 5 + column) * channels + c);
                  best = std::max(best, v);
                  total += v;
                }
              ASSERT_EQ(largest.value().at(element), best);
              ASSERT_NEAR(average.value().at(element), total / 6, 1e-6);
            }
    }
}

TEST(Pooling, GivesTheDerivativeToTheFirstMaximumAndShowsNaN) {
  Tape tape(DType::float64);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Var x = tape.copy(Tensor::of({1, 2, 6, 1}, {2, 3, -1, -1, 0, nan, 3, 1, -1, -1, 5, 6}));
  const Var y = max_pool2d(x, {2, 2}, {2, 2});
  EXPECT_EQ(y.value().at(0), 3);
  EXPECT_EQ(y.value().at(1), -1);
  EXPECT_TRUE(std::isnan(y.value().at(2)));
  EXPECT_EQ(gradient(sum(y), {x})[0].to_vector(), (std::vector<double>{0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace gradus
