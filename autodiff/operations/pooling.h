// Pooling of images [batch, height, width, channels] over windows, channel by channel.
#pragma once

#include "autodiff/operations/convolution.h"

namespace gradus {

namespace ops {
struct TakeAtPoolMax;
struct PutAtPoolMax;
struct MaxPool2d;
struct SpreadPool2d;
struct AvgPool2d;
}  // namespace ops

// y[batch, places, channels] = u at the place of the largest x in each window (the first, if there are several); u and
// x of one shape. Padding is never the largest. A NaN in a window is.
struct ops::TakeAtPoolMax : Operation<ops::TakeAtPoolMax> {
  static constexpr const char* title = "take_at_pool_max";
  static constexpr Reads rule_reads = Reads::operands;
  Window2d window;
  explicit TakeAtPoolMax(const Window2d& w) : window(w) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const;
};

// Its transpose: zeros of x's shape, with g added at the places of the largest x of each window; operands g, x.
struct ops::PutAtPoolMax : Operation<ops::PutAtPoolMax> {
  static constexpr const char* title = "put_at_pool_max";
  static constexpr bool may_overwrite = true;  // window by window
  bool can_overwrite(const Shape& x) const;    // where each pixel is in one window
  static constexpr Reads rule_reads = Reads::operands;
  Window2d window;
  explicit PutAtPoolMax(const Window2d& w) : window(w) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(TakeAtPoolMax{window}, s.dy(), s.in(1)); });
  }
};
void ops::TakeAtPoolMax::vjp(auto& s) const {
  s.to(0, [&] { return apply(ops::PutAtPoolMax{window}, s.dy(), s.in(1)); });
}

// y = the largest x in each window.
struct ops::MaxPool2d : Operation<ops::MaxPool2d> {
  static constexpr const char* title = "max_pool2d";
  static constexpr Reads rule_reads = Reads::operands;
  Window2d window;
  explicit MaxPool2d(const Window2d& w) : window(w) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return apply(PutAtPoolMax{window}, s.dy(), s.in(0)); });
  }
};

// The transpose of AvgPool2d: dy / (kernel height * width) added to each pixel of its window, with the extent of x.
struct ops::SpreadPool2d : Operation<ops::SpreadPool2d> {
  static constexpr const char* title = "spread_pool2d";
  static constexpr Reads rule_reads = Reads::nothing;
  Window2d window;
  Extent2d image;
  SpreadPool2d(const Window2d& w, const Extent2d& i) : window(w), image(i) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const;
};

// y = the sum of each window over kernel height * width: padding counts as zeros, as is PyTorch's default.
struct ops::AvgPool2d : Operation<ops::AvgPool2d> {
  static constexpr const char* title = "avg_pool2d";
  static constexpr Reads rule_reads = Reads::nothing;
  Window2d window;
  explicit AvgPool2d(const Window2d& w) : window(w) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(SpreadPool2d{window, {s.shape(0)[1], s.shape(0)[2]}}, s.dy()); });
  }
};
void ops::SpreadPool2d::vjp(auto& s) const {
  s.to(0, [&] { return apply(ops::AvgPool2d{window}, s.dy()); });
}

// The maximum and the mean of windows; [batch, height, width, channels] -> [batch, places, channels].
template <Term X>
auto max_pool2d(const X& x, const Extent2d& kernel, const Extent2d& stride, const Padding2d& padding = {}) {
  return apply(ops::MaxPool2d{window_on(x.shape(), kernel, stride, padding)}, x);
}
template <Term X>
auto avg_pool2d(const X& x, const Extent2d& kernel, const Extent2d& stride, const Padding2d& padding = {}) {
  return apply(ops::AvgPool2d{window_on(x.shape(), kernel, stride, padding)}, x);
}

extern template class Operation<ops::TakeAtPoolMax>;
extern template class Operation<ops::PutAtPoolMax>;
extern template class Operation<ops::MaxPool2d>;
extern template class Operation<ops::SpreadPool2d>;
extern template class Operation<ops::AvgPool2d>;

}  // namespace gradus
