// Gradient descent.
#pragma once

#include "optim/elementwise.h"

namespace gradus::optim {

// One formula under two names: whole_set says that the objective is the whole data set, not a batch.
template <bool whole_set>
struct GradientStep {
  double learning_rate = 0.01;

  static constexpr Description describe() {
    return {whole_set ? "gradient_descent" : "sgd",
            whole_set ? "Cauchy (1847)" : "Robbins & Monro (1951)",
            "theta <- theta - learning_rate g",
            "",
            {field<&GradientStep::learning_rate>(positive(), "step size")}};
  }
  Stability stability(std::int64_t, std::span<const Tensor>) const { return {2 / learning_rate}; }
  template <class T>
  auto update() const {
    return [rate = T(learning_rate)](T& x, T g) { x -= rate * g; };
  }
};
using Sgd = GradientStep<false>;
using GradientDescent = GradientStep<true>;

}  // namespace gradus::optim
