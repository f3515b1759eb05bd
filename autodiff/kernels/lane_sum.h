// Sums of what a function gives, in an order that vectorises and is always the same.
#pragma once

#include <cstdint>

#include "autodiff/kernels/simd.h"

namespace gradus::kernels {

// f(0) + ... + f(n - 1), in 16 interleaved lanes if there are that many.
template <class T, class F>
GRADUS_INLINE T lane_sum_of(std::int64_t n, const F& f) {
  if (n < 16) {  // adding up mostly empty lanes would take longer
    T sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += f(i);
    return sum;
  }
  T lanes[16] = {};
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int k = 0; k < 16; ++k) lanes[k] += f(i + k);
  for (int k = 0; i + k < n; ++k) lanes[k] += f(i + k);
  for (int width = 8; width >= 1; width /= 2)
    for (int k = 0; k < width; ++k) lanes[k] += lanes[k + width];
  return lanes[0];
}

}  // namespace gradus::kernels
