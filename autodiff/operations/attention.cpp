#include "autodiff/operations/attention.h"

#include "autodiff/kernels/lane_sum.h"
#include "autodiff/kernels/math.h"

namespace gradus {
namespace {

// The largest of c x over n elements. In vectors by hand: the compiler does not reorder comparisons, because of NaN.
template <class T>
GRADUS_INLINE T largest_of(const T* x, std::int64_t n, T c) {
  constexpr int width = 16;
  using Vector [[gnu::vector_size(width * sizeof(T))]] = T;
  T largest = c * x[0];
  if (n < width) {
    for (std::int64_t k = 1; k < n; ++k) largest = c * x[k] > largest ? c * x[k] : largest;
    return largest;
  }
  Vector best, row;
  __builtin_memcpy(&best, x + n - width, sizeof best);  // the rest of the last vector, and some that come again
  best *= c;
  for (std::int64_t i = 0; i + width < n; i += width) {
    __builtin_memcpy(&row, x + i, sizeof row);
    row *= c;
    best = row > best ? row : best;
  }
  for (int k = 0; k < width; ++k) largest = best[k] > largest ? best[k] : largest;
  return largest;
}

// y = softmax(c x) over the first n of `total` elements and 0 beyond, or y += it. Loops run over whole vectors where
// the row has room for them: rows of every length are then equally fast.
template <bool accumulate, class T>
GRADUS_INLINE void row_weights(T* __restrict y, const T* __restrict x, std::int64_t n, std::int64_t total, T c) {
  constexpr std::int64_t width = 16;
  const std::int64_t rounded = (n + width - 1) / width * width, m = rounded < total ? rounded : total;
  const T largest = largest_of(x, n, c);
  const auto power = [=](std::int64_t k) __attribute__((always_inline)) {
    const T value = math::exp(k < n ? c * x[k] - largest : T{0});
    return k < n ? value : T{0};
  };
  if constexpr (accumulate) {
    const T inverse = 1 / kernels::lane_sum_of<T>(m, power);
    for (std::int64_t k = 0; k < m; ++k) y[k] += power(k) * inverse;
  } else {
    for (std::int64_t k = 0; k < m; ++k) y[k] = power(k);
    const T inverse = 1 / kernels::lane_sum_of<T>(
                              m, [=](std::int64_t k) __attribute__((always_inline)) { return y[k]; });
    for (std::int64_t k = 0; k < m; ++k) y[k] *= inverse;
    for (std::int64_t k = m; k < total; ++k) y[k] = 0;
  }
}

}  // namespace

Shape AttentionWeights::shape(Inputs in) const {
  const Shape& x = in[0].shape();
  const int rank = x.rank();
  if (rank < 2 || x[rank - 1] == 0 || (causal && x[rank - 1] < x[rank - 2]))
    throw std::invalid_argument("attention_weights: scores " + x.to_string() +
                                ", expected [.., queries, keys] with keys" +
                                (causal ? ", at least as many as queries" : ""));
  return x;
}
void AttentionWeights::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const Shape& shape = out.shape();
  const std::int64_t keys = shape[shape.rank() - 1], queries = shape[shape.rank() - 2], rows = out.size() / keys;
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict y = out.data<T>();
    const T* __restrict x = in[0].data<T>();
    const T c = static_cast<T>(factor);
    const bool hide = causal;
    simd::run([=] GRADUS_LOOP() {
      for (std::int64_t r = 0; r < rows; ++r) {
        const std::int64_t seen = hide ? keys - queries + r % queries + 1 : keys;
        if (accumulate) row_weights<true>(y + r * keys, x + r * keys, seen, keys, c);
        else row_weights<false>(y + r * keys, x + r * keys, seen, keys, c);
      }
    });
  });
}

void AttentionWeightsDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t n = out.shape()[out.shape().rank() - 1], rows = n == 0 ? 0 : out.size() / n;
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict z = out.data<T>();
    const T* __restrict g = in[0].data<T>();
    const T* __restrict y = in[1].data<T>();
    const T c = static_cast<T>(factor);
    simd::run([=] GRADUS_LOOP() {
      for (std::int64_t r = 0; r < rows; ++r) {
        const T* __restrict gr = g + r * n;
        const T* __restrict yr = y + r * n;
        T* __restrict to = z + r * n;
        const T dot = kernels::lane_sum_of<T>(
            n, [=](std::int64_t i) __attribute__((always_inline)) { return gr[i] * yr[i]; });
        if (accumulate)
          for (std::int64_t i = 0; i < n; ++i) to[i] += c * yr[i] * (gr[i] - dot);
        else
          for (std::int64_t i = 0; i < n; ++i) to[i] = c * yr[i] * (gr[i] - dot);
      }
    });
  });
}

}  // namespace gradus
