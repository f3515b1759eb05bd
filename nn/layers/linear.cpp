#include "nn/layers/linear.h"

#include <fmt/format.h>

#include "autodiff/operations/matmul.h"

namespace gradus::nn {

Linear::Linear(std::int64_t in, std::int64_t out, Initializer weight, Initializer bias)
    : in_(in), out_(out), weight_initializer_(std::move(weight)), bias_initializer_(std::move(bias)) {
  if (in < 1 || out < 1)
    throw std::invalid_argument(fmt::format("Linear: {} inputs and {} outputs, expected at least 1 of each", in, out));
}

void Linear::declare(ParameterScope& scope) {
  scope.declare(weight_, "weight", {in_, out_}, weight_initializer_);
  scope.declare(bias_, "bias", {out_}, bias_initializer_, {"bias"});
}

Var Linear::forward(Forward& f, const Var& x) const { return affine(x, f[weight_], f[bias_]); }

}  // namespace gradus::nn
