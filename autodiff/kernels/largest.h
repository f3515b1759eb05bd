// The largest of many numbers.
#pragma once

#include <cstdint>

#include "autodiff/kernels/math.h"

namespace gradus::kernels {

namespace detail {

template <class T, int width>
struct Lanes {
  using Vector [[gnu::vector_size(width * sizeof(T))]] = T;
};

template <class V>
GRADUS_INLINE void take_larger(V& best, const V& x) {
  best = (x > best) | (x != x) ? x : best;
}

// The largest of the lanes, by halves.
template <int width, class T>
GRADUS_INLINE T largest_lane(const typename Lanes<T, width>::Vector& lanes) {
  if constexpr (width == 2) {
    return math::larger<T>(lanes[0], lanes[1]);
  } else {
    typename Lanes<T, width / 2>::Vector halves[2];
    __builtin_memcpy(halves, &lanes, sizeof lanes);
    take_larger(halves[0], halves[1]);
    return largest_lane<width / 2, T>(halves[0]);
  }
}

}  // namespace detail

// The largest of c x over n >= 1 elements; NaN if there is one. In vectors by hand: the compiler does not reorder
// comparisons, because of NaN.
template <class T>
GRADUS_INLINE T largest_of(const T* x, std::int64_t n, T c = 1) {
  constexpr int width = 16;
  if (n < width) {
    T largest = c * x[0];
    for (std::int64_t k = 1; k < n; ++k) largest = math::larger(largest, c * x[k]);
    return largest;
  }
  typename detail::Lanes<T, width>::Vector best, row;
  __builtin_memcpy(&best, x + n - width, sizeof best);  // the rest of the last vector, and some that come again
  best *= c;
  for (std::int64_t i = 0; i + width < n; i += width) {
    __builtin_memcpy(&row, x + i, sizeof row);
    row *= c;
    detail::take_larger(best, row);
  }
  return detail::largest_lane<width, T>(best);
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
