// Dense matrices.
#pragma once

#include "autodiff/tensor/tensor.h"

namespace gradus {
namespace kernels {

// y[m, n] = a b or y += a b, where a is [m, k] ([k, m] if transposed) and b is [k, n] ([n, k] if transposed). Declared
// here for those who know no kernels; it is one of them.
void matmul(const Tensor& y, bool accumulate, const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b);

}  // namespace kernels

// Makes the rows of a square matrix orthonormal, each orthogonal to those before it (Gram & Schmidt, twice): up to
// signs the factor Q^T of a QR factorisation of the transposed matrix. Rows that depend on those before become others.
void orthonormalize_rows(const Tensor& a);

}  // namespace gradus
