// Results that cannot be added up as they arise.
#pragma once

#include "autodiff/kernels/loops.h"

namespace gradus::kernels {

// Calls body(destination), which writes a whole result there: `out` itself or, if the result is to be added onto `out`,
// memory of its own on the way.
template <class Body>
void write(const Tensor& out, bool accumulate, const Body& body) {
  if (!accumulate) return body(out);
  const Tensor result = Tensor::uninitialized(out.shape(), out.dtype());
  body(result);
  copy(out, true, result);
}

}  // namespace gradus::kernels
