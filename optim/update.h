// State of the parameters' shape, moved in fused passes.
#pragma once

#include <stdexcept>

#include "autodiff/kernels/fused_pass.h"

namespace gradus::optim {

// State of the parameters' shape and type, made with one value on the first step. Throws if the parameters have changed
// their shape or type since.
inline void ensure_state(Tensor& state, const Tensor& theta, double start = 0) {
  if (!state.defined()) state = Tensor::full(theta.shape(), start, theta.dtype());
  if (state.shape() != theta.shape() || state.dtype() != theta.dtype())
    throw std::invalid_argument("optimizer: parameters " + theta.shape().to_string() + " of " + name_of(theta.dtype()) +
                                " for a state of " + state.shape().to_string() + " of " + name_of(state.dtype()));
}

}  // namespace gradus::optim
