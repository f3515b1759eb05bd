#include "autodiff/operations/convolution.h"

#include <fmt/format.h>

#include <algorithm>

namespace gradus {
namespace {

std::string text(const Extent2d& e) { return fmt::format("{}x{}", e.height, e.width); }

std::string text(const Window2d& w) {
  return fmt::format("kernel {}, stride {}, padding {} before and {} after", text(w.kernel), text(w.stride),
                     text(w.before), text(w.after));
}

// The shape of w for channels in, out and groups.
Shape weight_shape(const Window2d& window, std::int64_t in, std::int64_t out, std::int64_t groups) {
  return {window.kernel.height, window.kernel.width, in / groups, out};
}

Shape result_shape(const Window2d& window, const Shape& x, std::int64_t out) {
  const Extent2d places = window.places({x[1], x[2]});
  return {x[0], places.height, places.width, out};
}

void check_channels(const char* operation, std::int64_t in, std::int64_t out, std::int64_t groups) {
  if (groups < 1 || in < 1 || out < 1 || in % groups != 0 || out % groups != 0)
    throw std::invalid_argument(
        fmt::format("{}: {} input and {} output channels in {} groups, expected multiples of the groups", operation, in,
                    out, groups));
}

// Checks x and w, and returns the shape of x * w.
Shape product_shape(const char* operation, const Window2d& window, std::int64_t groups, const Shape& x,
                    const Shape& w) {
  if (x.rank() != 4 || w.rank() != 4)
    bad_shapes(operation, {x, w},
               "[batch, height, width, channels] * [kernel height, kernel width, channels / groups, channels]");
  check_window(operation, x, window);
  check_channels(operation, x[3], w[3], groups);
  const Shape expected = weight_shape(window, x[3], w[3], groups);
  if (w != expected)
    bad_shapes(operation, {x, w}, fmt::format("{} * {} with groups {}", x.to_string(), expected.to_string(), groups));
  return result_shape(window, x, w[3]);
}

kernels::Convolution sizes(const Window2d& window, std::int64_t groups, const Shape& x, const Shape& y) {
  return {window, x[0], {x[1], x[2]}, {y[1], y[2]}, x[3], y[3], groups};
}

}  // namespace

Window2d window_on(const Shape& x, const Extent2d& kernel, const Extent2d& stride, const Padding2d& padding) {
  Window2d window{kernel, stride, padding.before, padding.after};
  if (!padding.same || x.rank() != 4 || stride.height < 1 || stride.width < 1) return window;
  const auto pad = [](std::int64_t image, std::int64_t k, std::int64_t step, std::int64_t& before,
                      std::int64_t& after) {
    const std::int64_t total = std::max<std::int64_t>(0, ((image + step - 1) / step - 1) * step + k - image);
    before = total / 2;
    after = total - before;
  };
  pad(x[1], kernel.height, stride.height, window.before.height, window.after.height);
  pad(x[2], kernel.width, stride.width, window.before.width, window.after.width);
  return window;
}

void check_window(const char* operation, const Shape& x, const Window2d& w) {
  if (x.rank() != 4) bad_shapes(operation, {x}, "[batch, height, width, channels]");
  const auto sound = [](std::int64_t image, std::int64_t kernel, std::int64_t stride, std::int64_t before,
                        std::int64_t after) {
    return image >= 1 && kernel >= 1 && stride >= 1 && before >= 0 && after >= 0 && before < kernel && after < kernel &&
           kernel <= image + before + after;
  };
  if (!sound(x[1], w.kernel.height, w.stride.height, w.before.height, w.after.height) ||
      !sound(x[2], w.kernel.width, w.stride.width, w.before.width, w.after.width))
    throw std::invalid_argument(fmt::format("{}: {} on {}, expected stride >= 1, 0 <= padding < kernel <= padded image",
                                            operation, text(w), x.to_string()));
}

Shape ops::Conv2d::shape(Inputs in) const { return product_shape(title, window, groups, in[0].shape(), in[1].shape()); }
void ops::Conv2d::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::convolve(sizes(window, groups, in[0].shape(), out.shape()), out, accumulate, in[0], in[1], nullptr);
}

Shape ops::Conv2dInputDerivative::shape(Inputs in) const {
  const Shape &dy = in[0].shape(), &w = in[1].shape();
  if (dy.rank() != 4 || w.rank() != 4) bad_shapes(title, {dy, w}, "rank 4 of both");
  const Shape x{dy[0], image.height, image.width, w[2] * groups};
  if (const Shape y = product_shape(title, window, groups, x, w); dy != y)
    bad_shapes(title, {dy}, fmt::format("cotangent {} of {} * {}", y.to_string(), x.to_string(), w.to_string()));
  return x;
}
void ops::Conv2dInputDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::convolve_input_derivative(sizes(window, groups, out.shape(), in[0].shape()), out, accumulate, in[0], in[1]);
}

Shape ops::Conv2dWeightDerivative::shape(Inputs in) const {
  const Shape &x = in[0].shape(), &dy = in[1].shape();
  check_window(title, x, window);
  if (dy.rank() != 4 || result_shape(window, x, dy[3]) != dy)
    bad_shapes(title, {dy}, fmt::format("cotangent [..] of {} on {}", text(window), x.to_string()));
  check_channels(title, x[3], dy[3], groups);
  return weight_shape(window, x[3], dy[3], groups);
}
void ops::Conv2dWeightDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::convolve_weight_derivative(sizes(window, groups, in[0].shape(), in[1].shape()), out, accumulate, in[0],
                                      in[1]);
}

namespace {

// The weight's derivative example by example, each with one convolution.
void weight_per_example(const Window2d& window, std::int64_t groups, Inputs in, const Tensor& dy, const Tensor& out) {
  const ops::Conv2dWeightDerivative derivative(window, groups);
  for (std::int64_t i = 0; i < dy.shape()[0]; ++i) {
    const Tensor x = in[0].rows(i, 1), cotangent = dy.rows(i, 1);
    const Tensor* operands[] = {&x, &cotangent};
    derivative.evaluate({operands, 2}, out.rows(i, 1).reshaped(in[1].shape()), true);
  }
}

}  // namespace

bool ops::Conv2d::per_example(PerExample what, int operand, Inputs in, const Tensor& dy, const Tensor& out) const {
  if (what != PerExample::gradients || operand != 1) return false;
  weight_per_example(window, groups, in, dy, out);
  return true;
}

bool ops::Conv2dBias::per_example(PerExample what, int operand, Inputs in, const Tensor& dy, const Tensor& out) const {
  if (operand == 2) return bias_per_example(what, in[2].shape(), dy, out);
  return ops::Conv2d(window, groups).per_example(what, operand, in, dy, out);
}

LayerUse ops::Conv2d::as_layer(Inputs in) const {
  if (groups != 1) return {};
  const Shape y = shape(in), &w = in[1].shape();
  return {1, -1, y[0] * y[1] * y[2], w[0] * w[1] * w[2]};
}
void ops::Conv2d::layer_inputs(Inputs in, std::int64_t first, const Tensor& out) const {
  kernels::convolution_patches(sizes(window, groups, in[0].shape(), shape(in)), in[0], first, out);
}

LayerUse ops::Conv2dBias::as_layer(Inputs in) const {
  LayerUse layer = ops::Conv2d(window, groups).as_layer(in);
  if (layer.weight >= 0) layer.bias = 2;
  return layer;
}
void ops::Conv2dBias::layer_inputs(Inputs in, std::int64_t first, const Tensor& out) const {
  ops::Conv2d(window, groups).layer_inputs(in, first, out);
}

Shape ops::Conv2dBias::shape(Inputs in) const {
  const Shape y = product_shape(title, window, groups, in[0].shape(), in[1].shape());
  if (in[2].shape() != Shape{y[3]})
    bad_shapes(title, {in[2].shape()}, fmt::format("bias [{}] for {}", y[3], y.to_string()));
  return y;
}
void ops::Conv2dBias::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::convolve(sizes(window, groups, in[0].shape(), out.shape()), out, accumulate, in[0], in[1], &in[2]);
}

template class Operation<ops::Conv2d>;
template class Operation<ops::Conv2dInputDerivative>;
template class Operation<ops::Conv2dWeightDerivative>;
template class Operation<ops::Conv2dBias>;

}  // namespace gradus
