// The diagonal of an operator from random probes.
#pragma once

#include "autodiff/tensor/linear_operator.h"
#include "autodiff/tensor/random.h"

namespace gradus {

struct DiagonalEstimate {
  Tensor value;           // [size] of float64
  Tensor standard_error;  // [size] of float64, of each element; NaN for a single probe
  std::int64_t products = 0;
};

// The mean of z ⊙ A z over Rademacher probes z, one product each: Bekas, Kokiopoulou & Saad (2007), "An estimator for
// the diagonal of a matrix". The variance of element i is Σ_{j≠i} a_ij² / probes. Throws std::invalid_argument for
// fewer than one probe, std::runtime_error if a product is not finite.
DiagonalEstimate hutchinson_diagonal(const LinearOperator& a, std::int64_t probes, RandomStream& random);

}  // namespace gradus
