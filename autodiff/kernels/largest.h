// The largest of many numbers.
#pragma once

#include <cstdint>

#include "autodiff/kernels/math.h"

namespace gradus::kernels {

// The largest of c x over n >= 1 elements; NaN if there is one. In 16 interleaved lanes: the compiler does not reorder
// comparisons, because of NaN.
template <class T>
GRADUS_INLINE T largest_of(const T* x, std::int64_t n, T c = 1) {
  constexpr int width = 16;
  if (n < width) {
    T largest = c * x[0];
    for (std::int64_t k = 1; k < n; ++k) largest = math::larger(largest, c * x[k]);
    return largest;
  }
  T lanes[width];
  for (int k = 0; k < width; ++k) lanes[k] = c * x[n - width + k];  // the rest of the last ones, and some that come again
  for (std::int64_t i = 0; i + width < n; i += width)
    for (int k = 0; k < width; ++k) lanes[k] = math::larger(lanes[k], c * x[i + k]);
  for (int half = width / 2; half >= 1; half /= 2)
    for (int k = 0; k < half; ++k) lanes[k] = math::larger(lanes[k], lanes[k + half]);
  return lanes[0];
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
