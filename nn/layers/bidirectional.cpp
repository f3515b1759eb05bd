#include "nn/layers/bidirectional.h"

#include "autodiff/operations/reverse.h"
#include "autodiff/operations/shaping.h"

namespace gradus::nn {

void Bidirectional::declare(ParameterScope& scope) {
  scope.declare_part("forward", forward_);
  scope.declare_part("backward", backward_);
}

Var Bidirectional::forward(Forward& f, const Var& x) const {
  return concatenate({forward_.forward(f, x), reverse(backward_.forward(f, reverse(x, 0)), 0)}, -1);
}

}  // namespace gradus::nn
