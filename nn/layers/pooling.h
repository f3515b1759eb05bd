// Pooling of images: x[batch, height, width, channels] -> y[batch, h, w, channels] with h = (height + padding - kernel)
// / stride + 1, rounded down, and w likewise. Throws if a window is larger than the padded image.
#pragma once

#include "autodiff/operations/pooling.h"
#include "nn/layer.h"

namespace gradus::nn {

// The maximum or the mean of each window, channel by channel; the stride is the kernel unless it is given.
class MaxPool2d {
 public:
  explicit MaxPool2d(const Extent2d& kernel) : MaxPool2d(kernel, kernel) {}
  MaxPool2d(const Extent2d& kernel, const Extent2d& stride, const Padding2d& padding = {})
      : kernel_(kernel), stride_(stride), padding_(padding) {}
  void declare(ParameterScope&) {}
  Var forward(Forward&, const Var& x) const { return max_pool2d(x, kernel_, stride_, padding_); }

 private:
  Extent2d kernel_, stride_;
  Padding2d padding_;
};

class AvgPool2d {
 public:
  explicit AvgPool2d(const Extent2d& kernel) : AvgPool2d(kernel, kernel) {}
  AvgPool2d(const Extent2d& kernel, const Extent2d& stride, const Padding2d& padding = {})
      : kernel_(kernel), stride_(stride), padding_(padding) {}
  void declare(ParameterScope&) {}
  Var forward(Forward&, const Var& x) const { return avg_pool2d(x, kernel_, stride_, padding_); }

 private:
  Extent2d kernel_, stride_;
  Padding2d padding_;
};

}  // namespace gradus::nn
