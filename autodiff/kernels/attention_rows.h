// One row of attention weights, and of their derivative.
#pragma once

#include "autodiff/kernels/lane_sum.h"
#include "autodiff/kernels/lanes.h"
#include "autodiff/kernels/largest.h"
#include "autodiff/kernels/math.h"

namespace gradus::kernels {

// y[0] + ... + y[n - 1], in vectors by hand.
template <int bytes, class T>
GRADUS_INLINE T sum_of(const T* y, std::int64_t n) {
  constexpr int width = 16;
  const auto add = [](auto& a, const auto& b) __attribute__((always_inline)) { a += b; };
  Lanes<T, width, bytes> lanes, row;
  lanes.fill(0);
  T rest = 0;
  std::int64_t i = 0;
  for (; i + width <= n; i += width) {
    row.load(y + i);
    lanes.apply(add, row);
  }
  for (; i < n; ++i) rest += y[i];
  return rest + lanes.reduce(add);
}

// What to subtract before e^x: the largest, so that nothing overflows; but where all are minus infinity, nothing.
template <class T>
GRADUS_INLINE T shift_of(T largest) {
  return largest == -std::numeric_limits<T>::infinity() ? T{0} : largest;
}

// y = softmax(c x) over the first n of `total` elements and 0 beyond, or y += it. Loops run over whole vectors where
// the row has room for them: rows of every length are then equally fast.
template <int bytes, bool accumulate, class T>
GRADUS_INLINE void row_weights(T* __restrict y, const T* __restrict x, std::int64_t n, std::int64_t total, T c) {
  constexpr std::int64_t width = 16;
  const std::int64_t rounded = (n + width - 1) / width * width, m = rounded < total ? rounded : total;
  const T shift = shift_of(largest_of<bytes>(x, n, c));
  const int limit = static_cast<int>(n), end = static_cast<int>(m);  // as wide as the numbers: cheaper to compare
  const auto power = [=](int k) __attribute__((always_inline)) {
    const T value = math::exp_below_zero(c * x[k] - shift);
    return k < limit ? value : T{0};
  };
  if constexpr (accumulate) {
    const T inverse =
        1 / lane_sum_of<T>(
                m, [=](std::int64_t k) __attribute__((always_inline)) { return power(static_cast<int>(k)); });
    for (int k = 0; k < end; ++k) y[k] += k < limit ? power(k) * inverse : T{0};
  } else {
    for (int k = 0; k < end; ++k) y[k] = power(k);
    const T inverse = 1 / sum_of<bytes>(y, m);
    for (int k = 0; k < end; ++k) y[k] = k < limit ? y[k] * inverse : T{0};
    for (std::int64_t k = m; k < total; ++k) y[k] = 0;
  }
}

// z = c y (g - sum(g y)) over n elements, or z += it; z may be g. Where y is 0, z is: what is hidden stays so beside
// NaN. The sum is taken twice, the second time of what is left of g after the first: as y adds up to 1, where one y is
// nearly 1 the difference would else be lost.
template <bool accumulate, class T>
GRADUS_INLINE void row_weights_derivative(T* z, const T* g, const T* __restrict y, std::int64_t n, T c) {
  const T about = lane_sum_of<T>(
      n, [=](std::int64_t i) __attribute__((always_inline)) { return g[i] * y[i]; });
  const T rest = lane_sum_of<T>(
      n, [=](std::int64_t i) __attribute__((always_inline)) { return (g[i] - about) * y[i]; });
  for (std::int64_t i = 0; i < n; ++i) {
    const T derivative = c * y[i] * ((g[i] - about) - rest);
    z[i] = (accumulate ? z[i] : T{0}) + (y[i] == 0 ? T{0} : derivative);
  }
}

}  // namespace gradus::kernels
