// Normalisation by the root of the mean square alone: no mean is taken, no bias added. Zhang & Sennrich (2019), eq. 4.
#pragma once

#include "autodiff/operations.h"
#include "autodiff/tensor/error.h"
#include "nn/layer.h"

namespace gradus::nn {

// Over the features of each example: x[.., features] -> weight x / sqrt(mean(x^2) + epsilon). PyTorch's epsilon is the
// element type's, 1.2e-7 or 2.2e-16. Throws std::invalid_argument for other features.
class RmsNorm {
 public:
  explicit RmsNorm(std::int64_t features, double epsilon = 1e-5) : features_(features), epsilon_(epsilon) {}
  void declare(ParameterScope& scope) { scope.declare(weight_, "weight", {features_}, constant(1), {"norm"}); }
  Var forward(Forward& f, const Var& x) const {
    const Var& weight = f[weight_];
    const int last = x.shape().rank() - 1;
    if (last < 0 || x.shape()[last] != features_)
      bad_shapes("RmsNorm", {x.shape(), weight.shape()}, "[.., features] and [features]");
    return mul(weight, div(x, sqrt(mean(square(x), {last}, true) + epsilon_)));
  }

 private:
  std::int64_t features_;
  double epsilon_;
  ParameterId weight_{"RmsNorm"};
};

}  // namespace gradus::nn
