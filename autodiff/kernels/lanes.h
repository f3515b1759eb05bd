// Vectors by hand, for what the compiler leaves in scalars or in memory.
#pragma once

#include <cstdint>

#include "autodiff/kernels/simd.h"

namespace gradus::kernels {

template <class T, int width>
struct Lanes {
  using Vector [[gnu::vector_size(width * sizeof(T))]] = T;
};

// All lanes in one number, by halves; take(a, b) changes a, for vectors of every width and for numbers.
template <int width, class T, class Take>
GRADUS_INLINE T reduce_lanes(const typename Lanes<T, width>::Vector& lanes, const Take& take) {
  if constexpr (width == 2) {
    T first = lanes[0];
    take(first, lanes[1]);
    return first;
  } else {
    typename Lanes<T, width / 2>::Vector halves[2];
    __builtin_memcpy(halves, &lanes, sizeof lanes);
    take(halves[0], halves[1]);
    return reduce_lanes<width / 2, T>(halves[0], take);
  }
}

}  // namespace gradus::kernels
