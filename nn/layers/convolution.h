// Layers on images [batch, height, width, channels].
#pragma once

#include "nn/layers.h"

namespace gradus::nn {

// x[batch, height, width, in] -> y[batch, places, out] = x * W + b. Extents are {height, width}.
class Conv2d {
 public:
  struct Options {
    Extent2d stride{1, 1};
    Padding2d padding = {};  // none; same_padding() keeps height and width where the stride is 1
    std::int64_t groups = 1;
    Initializer weight = he_normal();
    Initializer bias = zeros();
  };
  Conv2d(std::int64_t in, std::int64_t out, const Extent2d& kernel) : Conv2d(in, out, kernel, Options()) {}
  Conv2d(std::int64_t in, std::int64_t out, const Extent2d& kernel, Options options);
  void declare(
      ParameterScope& scope);  // "weight" [kernel height, kernel width, in / groups, out], "bias" [out] (tag: bias)
  Var forward(Forward& f, const Var& x) const;

 private:
  std::int64_t in_, out_;
  Extent2d kernel_;
  Options options_;
  ParameterId weight_{"Conv2d"}, bias_{"Conv2d"};
};

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
