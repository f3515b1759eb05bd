// A symmetric matrix that is known by its products alone: a Hessian, a Gauss–Newton or a Fisher matrix of any size.
#pragma once

#include <cstdint>
#include <functional>

#include "autodiff/tensor.h"

namespace gradus {

// times(v, out) writes A v into `out`; v and out are vectors [size] of one floating type and do not overlap.
struct SymmetricOperator {
  std::int64_t size = 0;
  DType type = DType::float32;
  std::function<void(const Tensor& v, const Tensor& out)> times;
};

// out = A v. Throws std::invalid_argument if a vector is not [size] of the operator's type, or if the two share memory.
void multiply(const SymmetricOperator& a, const Tensor& v, const Tensor& out);

}  // namespace gradus
