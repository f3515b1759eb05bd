// The largest of many numbers.
#pragma once

#include <cstdint>

#include "autodiff/kernels/lanes.h"
#include "autodiff/kernels/math.h"

namespace gradus::kernels {

// The largest of c x over n >= 1 elements; beside NaN, any of them: sums of what is computed with it become NaN by
// themselves. In vectors by hand: the compiler does not reorder comparisons, because of NaN.
template <class T>
GRADUS_INLINE T largest_of(const T* x, std::int64_t n, T c = 1) {
  constexpr int width = 16;
  if (n < width) {
    T largest = c * x[0];
    for (std::int64_t k = 1; k < n; ++k) largest = c * x[k] > largest ? c * x[k] : largest;
    return largest;
  }
  typename Lanes<T, width>::Vector best, row;
  __builtin_memcpy(&best, x + n - width, sizeof best);  // the rest of the last vector, and some that come again
  best *= c;
  for (std::int64_t i = 0; i + width < n; i += width) {
    __builtin_memcpy(&row, x + i, sizeof row);
    row *= c;
    best = row > best ? row : best;
  }
  return reduce_lanes<width, T>(best, [](auto& a, const auto& b) __attribute__((always_inline)) { a = a > b ? a : b; });
}

// Whether all n numbers are below 2^60 in magnitude: neither infinite nor NaN, nor so large that sums of their products
// overflow where the result does not.
template <class T>
GRADUS_INLINE bool all_moderate(const T* x, std::int64_t n) {
  using Int = typename math::detail::Format<T>::Int;
  constexpr T bound = static_cast<T>(1LL << 60);
  Int largest = 0;  // as bits, which are ordered like magnitudes
  for (std::int64_t i = 0; i < n; ++i) {
    const Int bits = std::bit_cast<Int>(x[i]) & std::numeric_limits<Int>::max();
    largest = bits > largest ? bits : largest;
  }
  return largest < std::bit_cast<Int>(bound);
}

}  // namespace gradus::kernels
