#include "optim/solvers/eigenbasis.h"

#include <algorithm>

#include "autodiff/tensor/matrix.h"
#include "autodiff/tensor/small_eigen.h"
#include "autodiff/tensor/vectors.h"

namespace gradus::optim {

void make_eigenbasis(const Tensor& matrix, const Tensor& basis) {
  const std::int64_t n = matrix.shape()[0];
  basis.copy_from(Tensor::of({n, n}, symmetric_eigen(matrix.to_vector(), n).vectors, basis.dtype()));
}

bool turn_eigenbasis(const Tensor& matrix, const Tensor& basis, EigenbasisMemory& memory) {
  const std::int64_t n = matrix.shape()[0];
  const auto row = [n](const Tensor& of, std::int64_t i) { return of.part(i * n, {n}); };
  const Tensor product = memory.product.part(0, {n, n});
  kernels::matmul(product, false, basis, false, matrix, false);
  if (!vectors::is_finite(product)) return false;
  memory.largest.clear();
  for (std::int64_t i = 0; i < n; ++i) memory.largest.emplace_back(vectors::dot(row(product, i), row(basis, i)), i);
  std::sort(memory.largest.begin(), memory.largest.end(),
            [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  for (std::int64_t i = 0; i < n; ++i)
    row(basis, i).copy_from(row(product, memory.largest[static_cast<std::size_t>(i)].second));
  orthonormalize_rows(basis);
  return true;
}

}  // namespace gradus::optim
