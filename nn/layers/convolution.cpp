#include "nn/layers/convolution.h"

#include <fmt/format.h>

namespace gradus::nn {

Conv2d::Conv2d(std::int64_t in, std::int64_t out, const Extent2d& kernel, Options options)
    : in_(in), out_(out), kernel_(kernel), options_(std::move(options)) {
  const std::int64_t groups = options_.groups;
  if (in < 1 || out < 1 || groups < 1 || in % groups != 0 || out % groups != 0)
    throw std::invalid_argument(fmt::format(
        "Conv2d: {} input and {} output channels in {} groups, expected multiples of the groups", in, out, groups));
  if (kernel.height < 1 || kernel.width < 1 || options_.stride.height < 1 || options_.stride.width < 1)
    throw std::invalid_argument(fmt::format("Conv2d: kernel {}x{}, stride {}x{}, expected at least 1 along each axis",
                                            kernel.height, kernel.width, options_.stride.height,
                                            options_.stride.width));
}

void Conv2d::declare(ParameterScope& scope) {
  scope.declare(weight_, "weight", {kernel_.height, kernel_.width, in_ / options_.groups, out_}, options_.weight);
  scope.declare(bias_, "bias", {out_}, options_.bias, {"bias"});
}

Var Conv2d::forward(Forward& f, const Var& x) const {
  return conv2d(x, f[weight_], f[bias_], {options_.stride, options_.padding, options_.groups});
}

}  // namespace gradus::nn
