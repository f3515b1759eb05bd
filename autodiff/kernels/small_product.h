// Products that are too small for a library's call to pay, and outer products of any size. The rows of b and y lie one
// after the other.
#pragma once

#include "autodiff/kernels/eigen_product.h"
#include "autodiff/kernels/lanes.h"
#include "autodiff/kernels/simd.h"

namespace gradus::kernels {

namespace detail {

// `rows` rows by `width` columns of y, sums in registers. Element (i, q) of a lies at a[i * row_a + q * step_a].
template <int bytes, int rows, int width, class T>
GRADUS_INLINE void tile(T* __restrict y, const T* __restrict a, const T* __restrict b, const Product<T>& p,
                        std::int64_t row_a, std::int64_t step_a) {
  Lanes<T, width, bytes> sum[rows], row;
#pragma GCC unroll 4
  for (int i = 0; i < rows; ++i)
    if (p.accumulate)
      sum[i].load(y + i * p.n);
    else
      sum[i].fill(0);
  for (std::int64_t q = 0; q < p.k; ++q) {
    row.load(b + q * p.n);
#pragma GCC unroll 4
    for (int i = 0; i < rows; ++i) {
      const T factor = a[i * row_a + q * step_a];
      sum[i].apply(
          [factor](auto& to, const auto& from) __attribute__((always_inline)) { to += factor * from; }, row);
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < rows; ++i) sum[i].store(y + i * p.n);
}

template <int bytes, int rows, class T>
GRADUS_INLINE void row_block(T* __restrict y, const T* __restrict a, const T* __restrict b, const Product<T>& p,
                             std::int64_t row_a, std::int64_t step_a) {
  std::int64_t j = 0;
  for (; j + 16 <= p.n; j += 16) tile<bytes, rows, 16>(y + j, a, b + j, p, row_a, step_a);
  if (j + 8 <= p.n) {
    tile<bytes, rows, 8>(y + j, a, b + j, p, row_a, step_a);
    j += 8;
  }
  if (j + 4 <= p.n) {
    tile<bytes, rows, 4>(y + j, a, b + j, p, row_a, step_a);
    j += 4;
  }
  for (; j < p.n; ++j) tile<bytes, rows, 1>(y + j, a, b + j, p, row_a, step_a);
}

// y = a b with the rows of b contiguous.
template <int bytes, class T>
GRADUS_INLINE void product_by_rows(const Product<T>& p) {
  const std::int64_t row_a = p.transpose_a ? 1 : p.lda, step_a = p.transpose_a ? p.lda : 1;
  std::int64_t i = 0;
  for (; i + 4 <= p.m; i += 4) row_block<bytes, 4>(p.y + i * p.n, p.a + i * row_a, p.b, p, row_a, step_a);
  for (; i < p.m; ++i) row_block<bytes, 1>(p.y + i * p.n, p.a + i * row_a, p.b, p, row_a, step_a);
}

// y[m] = a x with the rows of a contiguous: one dot product a row.
template <int bytes, class T>
GRADUS_INLINE void matrix_vector(const Product<T>& p) {
  constexpr int width = 16;
  Lanes<T, width, bytes> lanes, u, v;
  for (std::int64_t i = 0; i < p.m; ++i) {
    const T* __restrict row = p.a + i * p.lda;
    lanes.fill(0);
    T rest = p.accumulate ? p.y[i] : T{0};
    std::int64_t q = 0;
    for (; q + width <= p.k; q += width) {
      u.load(row + q);
      v.load(p.b + q);
      lanes.apply(
          [](auto& sum, const auto& a, const auto& b) __attribute__((always_inline)) { sum += a * b; }, u, v);
    }
    for (; q < p.k; ++q) rest += row[q] * p.b[q];
    p.y[i] = rest + lanes.reduce([](auto& a, const auto& b) __attribute__((always_inline)) { a += b; });
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
    simd::run([=] GRADUS_VECTOR_LOOP() { detail::matrix_vector<bytes>(p); });
  else
    simd::run([=] GRADUS_VECTOR_LOOP() { detail::product_by_rows<bytes>(p); });
}

}  // namespace gradus::kernels
