// By halves: with M = [A B^T; B D] and S = D - B A^-1 B^T,
//   M^-1 = [A^-1 + W^T S^-1 W, -W^T S^-1; -S^-1 W, S^-1],  W = B A^-1,
// which costs 4/3 n^3 operations, nearly all of them in large products; small blocks by Cholesky's factorisation.
#include "autodiff/tensor/positive_definite.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "autodiff/tensor/matrix.h"
#include "autodiff/tensor/small_eigen.h"

namespace gradus {
namespace {

constexpr std::int64_t small = 64;

Tensor block(const Tensor& a, std::int64_t row, std::int64_t column, std::int64_t rows, std::int64_t columns) {
  const std::int64_t n = a.shape()[1];
  const Tensor part = Tensor::uninitialized({rows, columns}, a.dtype());
  for (std::int64_t r = 0; r < rows; ++r)
    std::copy_n(a.data<double>() + (row + r) * n + column, columns, part.data<double>() + r * columns);
  return part;
}

bool invert(const Tensor& a, const Tensor& out) {
  const std::int64_t n = a.shape()[0], half = n / 2, rest = n - half;
  if (n <= small) return small_positive_definite_inverse(a.data<double>(), n, out.data<double>());

  const auto matrix = [](std::int64_t rows, std::int64_t columns) {
    return Tensor::uninitialized({rows, columns}, DType::float64);
  };
  const Tensor corner = matrix(half, half);
  if (!invert(block(a, 0, 0, half, half), corner)) return false;
  const Tensor b = block(a, half, 0, rest, half), w = matrix(rest, half);
  kernels::matmul(w, false, b, false, corner, false);
  const Tensor schur = block(a, half, half, rest, rest), inverse = matrix(rest, rest), product = matrix(rest, rest);
  kernels::matmul(product, false, w, false, b, true);
  std::transform(schur.data<double>(), schur.data<double>() + rest * rest, product.data<double>(), schur.data<double>(),
                 [](double d, double p) { return d - p; });
  if (!invert(schur, inverse)) return false;
  kernels::matmul(b, false, inverse, false, w, false);  // S^-1 W
  kernels::matmul(corner, true, w, true, b, false);     // A^-1 + W^T S^-1 W
  double* to = out.data<double>();
  const double *c = corner.data<double>(), *s = inverse.data<double>(), *below = b.data<double>();
  for (std::int64_t r = 0; r < half; ++r)
    for (std::int64_t k = 0; k <= r; ++k) to[r * n + k] = to[k * n + r] = (c[r * half + k] + c[k * half + r]) / 2;
  for (std::int64_t r = 0; r < rest; ++r) {
    for (std::int64_t k = 0; k < half; ++k) to[(half + r) * n + k] = to[k * n + half + r] = -below[r * half + k];
    std::copy_n(s + r * rest, rest, to + (half + r) * n + half);
  }
  return true;
}

}  // namespace

bool invert_positive_definite(const Tensor& a, const Tensor& out) {
  const Shape& shape = a.shape();
  if (shape.rank() != 2 || shape[0] != shape[1] || out.shape() != shape || a.dtype() != DType::float64 ||
      out.dtype() != DType::float64)
    throw std::invalid_argument(
        fmt::format("invert_positive_definite: {} of {} -> {} of {}, expected two square matrices of float64",
                    shape.to_string(), name_of(a.dtype()), out.shape().to_string(), name_of(out.dtype())));
  return invert(a, out);
}

}  // namespace gradus
