// Vectors by hand, for what the compiler leaves in scalars or in memory.
#pragma once

#include <algorithm>
#include <cstdint>

#include "autodiff/kernels/simd.h"

namespace gradus::kernels {

namespace detail {

template <class T, int width>
struct Register {
  using Vector [[gnu::vector_size(width * sizeof(T))]] = T;
};
template <class T>
struct Register<T, 1> {
  using Vector = T;
};

}  // namespace detail

// `width` numbers, a power of two, in registers of `bytes` bytes, or in one if they are no longer. (The compiler keeps
// a vector that is longer than a register in memory, and goes there for each operation; so it does with a copy of
// several at once.)
template <class T, int width, int bytes>
struct Lanes {
  static constexpr int part_width = std::min(width, bytes / static_cast<int>(sizeof(T))), parts = width / part_width;
  using Part = typename detail::Register<T, part_width>::Vector;
  Part part[parts];

  GRADUS_INLINE void fill(T value) {
#pragma GCC unroll 8
    for (int i = 0; i < parts; ++i) part[i] = Part{} + value;
  }
  GRADUS_INLINE void load(const T* from) {
#pragma GCC unroll 8
    for (int i = 0; i < parts; ++i) __builtin_memcpy(&part[i], from + i * part_width, sizeof(Part));
  }
  GRADUS_INLINE void store(T* to) const {
#pragma GCC unroll 8
    for (int i = 0; i < parts; ++i) __builtin_memcpy(to + i * part_width, &part[i], sizeof(Part));
  }

  // change(part, the same part of each other) for all parts.
  template <class Change, class... Others>
  GRADUS_INLINE void apply(const Change& change, const Others&... others) {
#pragma GCC unroll 8
    for (int i = 0; i < parts; ++i) change(part[i], others.part[i]...);
  }
  // All lanes in one number, by halves; take(a, b) changes a, for vectors of every width and for numbers.
  template <class Take>
  GRADUS_INLINE T reduce(const Take& take) const {
    if constexpr (width == 1) {
      return part[0];
    } else {
      Lanes<T, width / 2, bytes> halves[2];
      if constexpr (parts > 1) {
#pragma GCC unroll 8
        for (int i = 0; i < parts; ++i) halves[2 * i / parts].part[i % (parts / 2)] = part[i];
      } else {
        static_assert(sizeof halves == sizeof part);
        __builtin_memcpy(halves, part, sizeof part);
      }
      halves[0].apply(take, halves[1]);
      return halves[0].reduce(take);
    }
  }
};

}  // namespace gradus::kernels
