// Products that are too small for a library's call to pay, and outer products of any size. The rows of b and y lie one
// after the other.
#pragma once

#include "autodiff/kernels/eigen_product.h"
#include "autodiff/kernels/simd.h"

namespace gradus::kernels {

namespace detail {

template <class T, int width>
struct Lanes {
  using Vector [[gnu::vector_size(width * sizeof(T))]] = T;
};
template <class T>
struct Lanes<T, 1> {
  using Vector = T;
};

// `rows` rows by `width` columns of y, sums in registers. Element (i, q) of a lies at a[i * row_a + q * step_a].
template <int rows, int width, class T>
GRADUS_INLINE void tile(T* __restrict y, const T* __restrict a, const T* __restrict b, const Product<T>& p,
                        std::int64_t row_a, std::int64_t step_a) {
  using Vector = typename Lanes<T, width>::Vector;
  Vector sum[rows] = {}, row;
  if (p.accumulate)
    for (int i = 0; i < rows; ++i) __builtin_memcpy(&sum[i], y + i * p.n, sizeof row);
  for (std::int64_t q = 0; q < p.k; ++q) {
    __builtin_memcpy(&row, b + q * p.n, sizeof row);
    for (int i = 0; i < rows; ++i) sum[i] += a[i * row_a + q * step_a] * row;
  }
  for (int i = 0; i < rows; ++i) __builtin_memcpy(y + i * p.n, &sum[i], sizeof row);
}

template <int rows, class T>
GRADUS_INLINE void row_block(T* __restrict y, const T* __restrict a, const T* __restrict b, const Product<T>& p,
                             std::int64_t row_a, std::int64_t step_a) {
  std::int64_t j = 0;
  for (; j + 16 <= p.n; j += 16) tile<rows, 16>(y + j, a, b + j, p, row_a, step_a);
  if (j + 8 <= p.n) {
    tile<rows, 8>(y + j, a, b + j, p, row_a, step_a);
    j += 8;
  }
  if (j + 4 <= p.n) {
    tile<rows, 4>(y + j, a, b + j, p, row_a, step_a);
    j += 4;
  }
  for (; j < p.n; ++j) tile<rows, 1>(y + j, a, b + j, p, row_a, step_a);
}

// y = a b with the rows of b contiguous.
template <class T>
GRADUS_INLINE void product_by_rows(const Product<T>& p) {
  const std::int64_t row_a = p.transpose_a ? 1 : p.lda, step_a = p.transpose_a ? p.lda : 1;
  std::int64_t i = 0;
  for (; i + 4 <= p.m; i += 4) row_block<4>(p.y + i * p.n, p.a + i * row_a, p.b, p, row_a, step_a);
  for (; i < p.m; ++i) row_block<1>(p.y + i * p.n, p.a + i * row_a, p.b, p, row_a, step_a);
}

template <int width, class T>
GRADUS_INLINE T sum_of_lanes(const typename Lanes<T, width>::Vector& lanes) {
  if constexpr (width == 1) {
    return lanes;
  } else {
    typename Lanes<T, width / 2>::Vector halves[2];
    __builtin_memcpy(halves, &lanes, sizeof lanes);
    return sum_of_lanes<width / 2, T>(halves[0] + halves[1]);
  }
}

// y[m] = a x with the rows of a contiguous: one dot product a row.
template <class T>
GRADUS_INLINE void matrix_vector(const Product<T>& p) {
  constexpr int width = 16;
  using Vector = typename Lanes<T, width>::Vector;
  for (std::int64_t i = 0; i < p.m; ++i) {
    const T* __restrict row = p.a + i * p.lda;
    Vector lanes = {}, u, v;
    T rest = p.accumulate ? p.y[i] : T{0};
    std::int64_t q = 0;
    for (; q + width <= p.k; q += width) {
      __builtin_memcpy(&u, row + q, sizeof u);
      __builtin_memcpy(&v, p.b + q, sizeof v);
      lanes += u * v;
    }
    for (; q < p.k; ++q) rest += row[q] * p.b[q];
    p.y[i] = rest + sum_of_lanes<width, T>(lanes);
  }
}

}  // namespace detail

// Whether small_product is the faster way.
template <class T>
bool is_small(const Product<T>& p) {
  constexpr std::int64_t small = 16 * 1024;
  if (p.k == 1) return true;
  return p.m * p.n * p.k <= small && (!p.transpose_b || p.n == 1);
}

template <class T>
void small_product(const Product<T>& product) {
  Product<T> p = product;
  if (p.k == 1 && !p.transpose_a) {  // the same memory, read along m
    p.transpose_a = true;
    p.lda = p.m;
  }
  if (p.n == 1 && p.transpose_a && p.lda == p.m) {  // y^T = b^T a, along the contiguous rows of a
    p = {p.y, p.b, p.a, 1, p.m, p.k, p.k, p.m, p.m, false, false, p.accumulate};
  }
  if (p.n == 1 && !p.transpose_a)
    simd::run([=] GRADUS_LOOP() { detail::matrix_vector(p); });
  else
    simd::run([=] GRADUS_LOOP() { detail::product_by_rows(p); });
}

}  // namespace gradus::kernels
