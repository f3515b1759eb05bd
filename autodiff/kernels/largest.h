// The largest of many numbers, and whether all are moderate.
#pragma once

#include <cstdint>

#include "autodiff/kernels/lanes.h"
#include "autodiff/kernels/math.h"

namespace gradus::kernels {

// The largest of c x over n >= 1 elements; beside NaN, any of them: sums of what is computed with it become NaN by
// themselves. In vectors by hand: the compiler does not reorder comparisons, because of NaN.
template <int bytes, class T>
GRADUS_INLINE T largest_of(const T* x, std::int64_t n, T c = 1) {
  constexpr int width = 16;
  if (n < width) {
    T largest = c * x[0];
    for (std::int64_t k = 1; k < n; ++k) largest = c * x[k] > largest ? c * x[k] : largest;
    return largest;
  }
  Lanes<T, width, bytes> best, row;
  best.load(x + n - width);  // the rest of the last vector, and some that come again
  best.apply([c](auto& a) __attribute__((always_inline)) { a *= c; });
  for (std::int64_t i = 0; i + width < n; i += width) {
    row.load(x + i);
    row.apply([c](auto& a) __attribute__((always_inline)) { a *= c; });
    best.apply(
        [](auto& a, const auto& b) __attribute__((always_inline)) { a = b > a ? b : a; }, row);
  }
  return best.reduce([](auto& a, const auto& b) __attribute__((always_inline)) { a = a > b ? a : b; });
}

// The largest magnitude of n numbers, as bits, which are ordered likewise; those of infinity and NaN are beyond all
// others.
template <class T, class Int = typename math::detail::Format<T>::Int>
GRADUS_INLINE Int largest_bits(const T* x, std::int64_t n) {
  Int largest = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const Int bits = std::bit_cast<Int>(x[i]) & std::numeric_limits<Int>::max();
    largest = bits > largest ? bits : largest;
  }
  return largest;
}
template <class T>
GRADUS_INLINE bool all_below(T bound, const T* x, std::int64_t n) {
  return largest_bits(x, n) < std::bit_cast<typename math::detail::Format<T>::Int>(bound);
}

// Whether all n numbers are finite.
template <class T>
GRADUS_INLINE bool all_finite(const T* x, std::int64_t n) {
  return all_below(std::numeric_limits<T>::infinity(), x, n);
}

// Whether all n numbers are below 2^60 in magnitude: neither infinite nor NaN, nor so large that sums of their products
// overflow where the result does not.
template <class T>
GRADUS_INLINE bool all_moderate(const T* x, std::int64_t n) {
  return all_below(static_cast<T>(1LL << 60), x, n);
}

}  // namespace gradus::kernels
