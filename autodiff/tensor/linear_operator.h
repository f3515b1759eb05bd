// A symmetric matrix that is known by its products alone: a Hessian, a Gauss-Newton or a Fisher matrix of any size. It
// is all that conjugate gradients, Lanczos' method and estimates of traces and spectra ask of a matrix.
#pragma once

#include <cstdint>
#include <functional>

#include "autodiff/tensor/tensor.h"

namespace gradus {

// times(v, out) writes A v into `out`; v and out are vectors [size] of one floating type, or several of them, [k,
// size], where the operator takes several. They do not overlap.
struct LinearOperator {
  std::int64_t size = 0;
  DType type = DType::float32;
  std::function<void(const Tensor& v, const Tensor& out)> times = nullptr;

  explicit operator bool() const { return times != nullptr; }
};

// out = A v. Throws std::invalid_argument if a vector is not [size] or [k, size] of the operator's type, if the two
// have different shapes, or if they share memory.
void multiply(const LinearOperator& a, const Tensor& v, const Tensor& out);

// A + damping I, as long as `a` lives.
LinearOperator damped(const LinearOperator& a, double damping);
LinearOperator damped(const LinearOperator&& a, double damping) = delete;

}  // namespace gradus
