// 2-D convolution (cross-correlation, as is usual) of images x[batch, height, width, channels] with weights
// w[kernel height, kernel width, in channels / groups, out channels].
#pragma once

#include "autodiff/kernels/convolution.h"
#include "autodiff/operations/arithmetic.h"

namespace gradus {

namespace ops {
struct Conv2d;
struct Conv2dInputDerivative;
struct Conv2dWeightDerivative;
struct Conv2dBias;
}  // namespace ops

// Zeros around an image.
struct Padding2d {
  Extent2d before{0, 0}, after{0, 0};
  bool same = false;  // as many as give ceil(image / stride) places; where they are odd, one more after than before
};
// Equally many on both sides.
inline Padding2d padding(std::int64_t height, std::int64_t width) { return {{height, width}, {height, width}}; }
inline Padding2d same_padding() { return {{0, 0}, {0, 0}, true}; }

// The window of a kernel on images x[batch, height, width, channels].
Window2d window_on(const Shape& x, const Extent2d& kernel, const Extent2d& stride, const Padding2d& padding);

// Throws unless x is a batch of images on which the window has a place, with every extent as it should be.
void check_window(const char* operation, const Shape& x, const Window2d& window);

// y = x * w.  Bilinear: this and the next two are each other's derivatives.
struct ops::Conv2d : Operation<ops::Conv2d>, SharedOperands {
  static constexpr const char* title = "conv2d";
  static constexpr Reads rule_reads = Reads::operands;
  Window2d window;
  std::int64_t groups;
  Conv2d(const Window2d& w, std::int64_t g) : window(w), groups(g) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  bool per_example(PerExample what, int operand, Inputs in, const Tensor& dy, const Tensor& out) const override;
  LayerUse as_layer(Inputs in) const override;
  void layer_inputs(Inputs in, std::int64_t first, const Tensor& out) const override;
  void vjp(auto& s) const;
};

// dx of x * w for a cotangent dy, with the extent of x; operands dy, w.
struct ops::Conv2dInputDerivative : Operation<ops::Conv2dInputDerivative> {
  static constexpr const char* title = "conv2d_input_derivative";
  static constexpr Reads rule_reads = Reads::operands;
  Window2d window;
  std::int64_t groups;
  Extent2d image;
  Conv2dInputDerivative(const Window2d& w, std::int64_t g, const Extent2d& i) : window(w), groups(g), image(i) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const;
};

// dw of x * w for a cotangent dy; operands x, dy.
struct ops::Conv2dWeightDerivative : Operation<ops::Conv2dWeightDerivative> {
  static constexpr const char* title = "conv2d_weight_derivative";
  static constexpr Reads rule_reads = Reads::operands;
  Window2d window;
  std::int64_t groups;
  Conv2dWeightDerivative(const Window2d& w, std::int64_t g) : window(w), groups(g) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] {
      return apply(Conv2dInputDerivative{window, groups, {s.shape(0)[1], s.shape(0)[2]}}, s.in(1), s.dy());
    });
    s.to(1, [&] { return apply(Conv2d{window, groups}, s.in(0), s.dy()); });
  }
};

void ops::Conv2dInputDerivative::vjp(auto& s) const {
  s.to(0, [&] { return apply(ops::Conv2d{window, groups}, s.dy(), s.in(1)); });
  s.to(1, [&] { return apply(ops::Conv2dWeightDerivative{window, groups}, s.dy(), s.in(0)); });
}

void ops::Conv2d::vjp(auto& s) const {
  s.to(0, [&] {
    return apply(ops::Conv2dInputDerivative{window, groups, {s.shape(0)[1], s.shape(0)[2]}}, s.dy(), s.in(1));
  });
  s.to(1, [&] { return apply(ops::Conv2dWeightDerivative{window, groups}, s.in(0), s.dy()); });
}

// y = x * w + b, with b[out channels]: the convolution and the bias of a layer in one node.
struct ops::Conv2dBias : Operation<ops::Conv2dBias>, SharedOperands {
  static constexpr const char* title = "conv2d_bias";
  static constexpr Reads rule_reads = Reads::operands;
  Window2d window;
  std::int64_t groups;
  Conv2dBias(const Window2d& w, std::int64_t g) : window(w), groups(g) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  bool per_example(PerExample what, int operand, Inputs in, const Tensor& dy, const Tensor& out) const override;
  LayerUse as_layer(Inputs in) const override;
  void layer_inputs(Inputs in, std::int64_t first, const Tensor& out) const override;
  void vjp(auto& s) const {
    Conv2d{window, groups}.vjp(s);
    s.to(2, [&] { return sum_to(s.dy(), s.shape(2)); });
  }
};

struct Conv2dOptions {
  Extent2d stride{1, 1};
  Padding2d padding = {};
  std::int64_t groups = 1;
};

// The window of w on x.
template <Term X, Term W>
Window2d conv2d_window(const X& x, const W& w, const Conv2dOptions& options) {
  const Shape weight = w.shape();
  return weight.rank() == 4 ? window_on(x.shape(), {weight[0], weight[1]}, options.stride, options.padding)
                            : Window2d{};
}

// y[batch, places, out channels], with floor((image + padding - kernel) / stride) + 1 places along each axis.
template <Term X, Term W>
auto conv2d(const X& x, const W& w, const Conv2dOptions& options = {}) {
  return apply(ops::Conv2d{conv2d_window(x, w, options), options.groups}, x, w);
}
template <Term X, Term W, Term B>
auto conv2d(const X& x, const W& w, const B& bias, const Conv2dOptions& options = {}) {
  return apply(ops::Conv2dBias{conv2d_window(x, w, options), options.groups}, x, w, bias);
}

extern template class Operation<ops::Conv2d>;
extern template class Operation<ops::Conv2dInputDerivative>;
extern template class Operation<ops::Conv2dWeightDerivative>;
extern template class Operation<ops::Conv2dBias>;

}  // namespace gradus
