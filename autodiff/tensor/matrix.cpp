#include "autodiff/tensor/matrix.h"

#include <cmath>

#include "autodiff/tensor/vectors.h"

namespace gradus {

void orthonormalize_rows(const Tensor& a) {
  const std::int64_t n = a.shape()[0];
  const auto row = [&](std::int64_t i) { return a.part(i * n, {n}); };
  // What is left of row i, as a part of what it was.
  const auto project = [&](std::int64_t i) {
    const double before = vectors::norm(row(i));
    for (int pass = 0; pass < 2; ++pass)
      for (std::int64_t j = 0; j < i; ++j) vectors::axpy(-vectors::dot(row(i), row(j)), row(j), row(i));
    return before > 0 ? vectors::norm(row(i)) / before : 0;
  };
  for (std::int64_t i = 0; i < n; ++i) {
    double left = project(i), least = vectors::epsilon(a.dtype());
    for (std::int64_t k = i; left <= least && k < i + n; ++k) {  // one of the axes is far enough from the rows before
      row(i).fill(0);
      row(i).set(k % n, 1);
      left = project(i);
      least = 0.5 / std::sqrt(static_cast<double>(n));
    }
    vectors::scale(1 / vectors::norm(row(i)), row(i));
  }
}

}  // namespace gradus
