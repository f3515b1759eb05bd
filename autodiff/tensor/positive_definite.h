// The inverse of a symmetric positive definite matrix, in matrix products.
#pragma once

#include "autodiff/tensor/tensor.h"

namespace gradus {

// Writes the inverse of a[n, n] of float64 to out[n, n], which is not a, as an exactly symmetric matrix. Returns false,
// with `out` undefined, if `a` is not positive definite to rounding or not finite. Throws for other shapes or types.
// The same bits on every run.
bool invert_positive_definite(const Tensor& a, const Tensor& out);

}  // namespace gradus
