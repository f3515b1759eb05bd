// Convolution of images [batch, height, width, channels].
#pragma once

#include "autodiff/operations/convolution.h"
#include "nn/layer.h"

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
  // "weight" [kernel height, kernel width, in / groups, out], "bias" [out] (tag: bias)
  void declare(ParameterScope& scope);
  Var forward(Forward& f, const Var& x) const;

 private:
  std::int64_t in_, out_;
  Extent2d kernel_;
  Options options_;
  ParameterId weight_{"Conv2d"}, bias_{"Conv2d"};
};

}  // namespace gradus::nn
