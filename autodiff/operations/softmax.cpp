#include "autodiff/operations/softmax.h"

#include <limits>

#include "autodiff/kernels/attention_rows.h"
#include "autodiff/kernels/loops.h"
#include "autodiff/operations/indexing.h"

namespace gradus {
namespace {

// The powers of a row add up to e^largest (1 + rest). The one of a largest itself, which is 1, is kept apart: beside
// it, the others would lose their digits, or vanish.
template <class T>
struct RowSum {
  T largest, rest;
};
// A place of the largest of n numbers; the last place if none is equal to it.
template <class T>
GRADUS_INLINE std::int64_t place_of(T largest, const T* __restrict x, std::int64_t n) {
  std::int64_t place = 0;
  while (place < n - 1 && x[place] != largest) ++place;
  return place;
}
// The sum of all n numbers but the one at `place`.
template <int bytes, class T>
GRADUS_INLINE T sum_of_others(const T* __restrict x, std::int64_t n, std::int64_t place) {
  return kernels::sum_of<bytes>(x, place) + kernels::sum_of<bytes>(x + place + 1, n - place - 1);
}
template <int bytes, class T>
GRADUS_INLINE RowSum<T> row_sum_of(const T* __restrict x, std::int64_t n) {
  const T largest = kernels::largest_of<bytes>(x, n);
  const T others = kernels::lane_sum_of<T>(
      n, [=](std::int64_t k) __attribute__((always_inline)) {
        const bool same = x[k] == largest;
        return math::exp_below_zero(same ? T{0} : x[k] - largest) - (same ? T{1} : T{0});
      });
  const T count = kernels::lane_sum_of<T>(
      n, [=](std::int64_t k) __attribute__((always_inline)) { return x[k] == largest ? T{1} : T{0}; });
  return {largest, others + (count - 1)};
}

// Rows too short to fill a vector are turned: up to 16 of them lie side by side, and every loop runs across them.
template <int bytes, class T>
struct ShortRows {
  static constexpr int across = 16;
  static constexpr std::int64_t longest = 64;
  T powers[longest][across];  // e^(x - largest), [column][row]
  T largest[across], rest[across];

  GRADUS_INLINE ShortRows(const T* __restrict x, std::int64_t rows, std::int64_t n) {
    T count[across];
    for (std::int64_t k = 0; k < n; ++k)
      for (int r = 0; r < across; ++r) powers[k][r] = r < rows ? x[r * n + k] : T{0};
    for (int r = 0; r < across; ++r) {
      rest[r] = 0;
      count[r] = 0;
    }
    kernels::Lanes<T, across, bytes> best, column;
    best.fill(-std::numeric_limits<T>::infinity());
    for (std::int64_t k = 0; k < n; ++k) {
      column.load(powers[k]);
      best.apply(
          [](auto& a, const auto& b) __attribute__((always_inline)) { a = b > a ? b : a; }, column);
    }
    best.store(largest);
    T of_largest[across];  // 1, or NaN where that is infinity less infinity
    for (int r = 0; r < across; ++r) of_largest[r] = 1 + (largest[r] - largest[r]);
    for (std::int64_t k = 0; k < n; ++k)
      for (int r = 0; r < across; ++r) {
        const bool same = powers[k][r] == largest[r];
        const T power = math::exp_below_zero(same ? T{0} : powers[k][r] - largest[r]), one = same ? T{1} : T{0};
        count[r] += one;
        rest[r] += power - one;
        powers[k][r] = same ? of_largest[r] : power;
      }
    for (int r = 0; r < across; ++r) rest[r] += count[r] - 1;
  }
};

// Calls f(first row, number of rows, the largest of each, ln(1 + rest) of each) for rows [begin, end) of x[.., n] in
// groups of at most 16. The sum of the two is the logarithm of the row's sum of powers; apart, differences of logits
// stay exact.
template <int bytes, class T, class F>
GRADUS_INLINE void for_each_row_sum(const T* __restrict x, std::int64_t begin, std::int64_t end, std::int64_t n,
                                    const F& f) {
  constexpr int across = ShortRows<bytes, T>::across;
  T largest[across], log_rest[across];
  for (std::int64_t first = begin; first < end; first += across) {
    const std::int64_t count = end - first < across ? end - first : across;
    if (n <= ShortRows<bytes, T>::longest) {
      const ShortRows<bytes, T> block(x + first * n, count, n);
      for (int r = 0; r < across; ++r) {
        largest[r] = block.largest[r];
        log_rest[r] = math::log1p(block.rest[r]);
      }
    } else {
      for (std::int64_t r = 0; r < count; ++r) {
        const RowSum<T> sum = row_sum_of<bytes>(x + (first + r) * n, n);
        largest[r] = sum.largest;
        log_rest[r] = math::log1p(sum.rest);
      }
    }
    f(first, count, largest, log_rest);
  }
}

// y = factor(row) softmax(x), row by row, or y += it. With labels, 1 is subtracted from the softmax of each row's
// label: without cancellation, as the negative sum of all others.
template <int bytes, class T, class F>
GRADUS_INLINE void scaled_softmax(T* __restrict y, bool accumulate, const T* __restrict x, std::int64_t rows,
                                  std::int64_t n, const F& factor, const std::int32_t* label = nullptr) {
  const auto less_one = [](T power, T rest) __attribute__((always_inline)) {
    const T inverse = 1 / (1 + rest);
    return power == 1 ? -rest * inverse : power * inverse - 1;
  };
  constexpr int across = ShortRows<bytes, T>::across;
  for (std::int64_t first = 0; first < rows; first += across) {
    const std::int64_t count = rows - first < across ? rows - first : across;
    T at_label[across];
    if (label)
      for (std::int64_t r = 0; r < count; ++r) at_label[r] = accumulate ? y[(first + r) * n + label[first + r]] : T{0};
    if (n <= ShortRows<bytes, T>::longest) {
      ShortRows<bytes, T> block(x + first * n, count, n);
      T scale[across];
      for (int r = 0; r < across; ++r) scale[r] = r < count ? factor(first + r) / (1 + block.rest[r]) : T{0};
      if (label)
        for (std::int64_t r = 0; r < count; ++r)
          at_label[r] += factor(first + r) * less_one(block.powers[label[first + r]][r], block.rest[r]);
      for (std::int64_t k = 0; k < n; ++k)
        for (int r = 0; r < across; ++r) block.powers[k][r] *= scale[r];
      for (std::int64_t r = 0; r < count; ++r) {
        T* __restrict to = y + (first + r) * n;
        for (std::int64_t k = 0; k < n; ++k) to[k] = (accumulate ? to[k] : T{0}) + block.powers[k][r];
      }
    } else {
      for (std::int64_t r = 0; r < count; ++r) {
        T* __restrict to = y + (first + r) * n;
        const T* __restrict from = x + (first + r) * n;
        const auto [largest, rest] = row_sum_of<bytes>(from, n);
        const T scale = factor(first + r) / (1 + rest);
        if (accumulate)
          for (std::int64_t k = 0; k < n; ++k) to[k] += scale * math::exp_below_zero(from[k] - largest);
        else
          for (std::int64_t k = 0; k < n; ++k) to[k] = scale * math::exp_below_zero(from[k] - largest);
        if (label)
          at_label[r] += factor(first + r) * less_one(math::exp_below_zero(from[label[first + r]] - largest), rest);
      }
    }
    if (label)
      for (std::int64_t r = 0; r < count; ++r) y[(first + r) * n + label[first + r]] = at_label[r];
  }
}

// Calls work(begin, end) for ranges of rows of n elements, in groups of 16 rows; an element costs a power of e.
template <class Work>
void share_rows(std::int64_t rows, std::int64_t n, const Work& work) {
  kernels::share_ranges(rows, kernels::shared_rows(n, kernels::shared_elements / 4), work);
}

Shape rows_of(const char* operation, const Shape& shape) {
  if (shape.rank() == 0 || shape[shape.rank() - 1] == 0) bad_shapes(operation, {shape}, "elements along the last axis");
  return shape;
}

Shape losses_of(const char* operation, const Shape& logits, const Shape& other, const Shape& expected) {
  if (logits.rank() != 2 || logits[1] == 0 || other != expected)
    bad_shapes(operation, {logits, other}, "logits [n, classes] with targets " + expected.to_string());
  return {logits[0]};
}

}  // namespace

void ops::SoftmaxDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t n = out.shape()[out.shape().rank() - 1], rows = out.size() / n;
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict z = out.data<T>();
    const T* __restrict g = in[0].data<T>();
    const T* __restrict y = in[1].data<T>();
    share_rows(rows, n, [=](std::int64_t begin, std::int64_t end) {
      simd::run([=] GRADUS_LOOP() {
        for (std::int64_t r = begin; r < end; ++r) {
          if (accumulate)
            kernels::row_weights_derivative<true>(z + r * n, g + r * n, y + r * n, n, T{1});
          else
            kernels::row_weights_derivative<false>(z + r * n, g + r * n, y + r * n, n, T{1});
        }
      });
    });
  });
}

Shape ops::Softmax::shape(Inputs in) const { return rows_of(title, in[0].shape()); }
void ops::Softmax::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t n = out.shape()[out.shape().rank() - 1], rows = out.size() / n;
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict y = out.data<T>();
    const T* __restrict x = in[0].data<T>();
    share_rows(rows, n, [=](std::int64_t begin, std::int64_t end) {
      simd::run([=] GRADUS_VECTOR_LOOP() {
        scaled_softmax<bytes>(y + begin * n, accumulate, x + begin * n, end - begin, n,
                              [](std::int64_t) { return T{1}; });
      });
    });
  });
}

Shape ops::LogSoftmax::shape(Inputs in) const { return rows_of(title, in[0].shape()); }
void ops::LogSoftmax::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t n = out.shape()[out.shape().rank() - 1], rows = out.size() / n;
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict y = out.data<T>();
    const T* __restrict x = in[0].data<T>();
    share_rows(rows, n, [=](std::int64_t begin, std::int64_t end) {
      simd::run([=] GRADUS_VECTOR_LOOP() {
        for_each_row_sum<bytes>(x, begin, end, n,
                                [=](std::int64_t first, std::int64_t count, const T* largest, const T* log_rest) {
                                  for (std::int64_t r = 0; r < count; ++r)
                                    for (std::int64_t k = (first + r) * n; k < (first + r + 1) * n; ++k)
                                      y[k] = (accumulate ? y[k] : T{0}) + ((x[k] - largest[r]) - log_rest[r]);
                                });
      });
    });
  });
}

void ops::LogSoftmaxDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t n = out.shape()[out.shape().rank() - 1], rows = out.size() / n;
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict z = out.data<T>();
    const T* __restrict g = in[0].data<T>();
    const T* __restrict y = in[1].data<T>();
    share_rows(rows, n, [=](std::int64_t begin, std::int64_t end) {
      simd::run([=] GRADUS_VECTOR_LOOP() {
        for (std::int64_t row = begin; row < end; ++row) {
          T* __restrict to = z + row * n;
          const T* __restrict cotangent = g + row * n;
          const T* __restrict log_p = y + row * n;
          const T largest = kernels::largest_of<bytes>(log_p, n);
          const std::int64_t top = place_of(largest, log_p, n);
          const T others = sum_of_others<bytes>(cotangent, n, top), total = others + cotangent[top];
          const T at_top = (accumulate ? to[top] : T{0}) -
                           (cotangent[top] * math::expm1_below_zero(log_p[top]) + math::exp(log_p[top]) * others);
          if (accumulate)
            for (std::int64_t k = 0; k < n; ++k) to[k] += cotangent[k] - math::exp(log_p[k]) * total;
          else
            for (std::int64_t k = 0; k < n; ++k) to[k] = cotangent[k] - math::exp(log_p[k]) * total;
          to[top] = at_top;
        }
      });
    });
  });
}

Shape ops::CrossEntropyDerivative::shape(Inputs in) const {
  const Shape &g = in[0].shape(), &x = in[1].shape();
  if (x.rank() != 2 || g != Shape{x[0]} || in[2].shape() != g)
    bad_shapes(title, {g, x, in[2].shape()}, "cotangents [n] for logits [n, classes] with labels [n]");
  check_indices(title, in[2], x[1]);
  return x;
}
void ops::CrossEntropyDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t rows = out.shape()[0], n = out.shape()[1];
  const std::int32_t* label = in[2].data<std::int32_t>();
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict z = out.data<T>();
    const T* __restrict g = in[0].data<T>();
    const T* __restrict x = in[1].data<T>();
    share_rows(rows, n, [=](std::int64_t begin, std::int64_t end) {
      simd::run([=] GRADUS_VECTOR_LOOP() {
        scaled_softmax<bytes>(
            z + begin * n, accumulate, x + begin * n, end - begin, n, [=](std::int64_t r) { return g[begin + r]; },
            label + begin);
      });
    });
  });
}

Shape ops::CrossEntropyEach::shape(Inputs in) const {
  const Shape& x = in[0].shape();
  const Shape losses = losses_of(title, x, in[1].shape(), {x.rank() > 0 ? x[0] : 0});
  check_indices(title, in[1], x[1]);
  return losses;
}
void ops::CrossEntropyEach::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t rows = out.size(), n = in[0].shape()[1];
  const std::int32_t* label = in[1].data<std::int32_t>();
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict y = out.data<T>();
    const T* __restrict x = in[0].data<T>();
    share_rows(rows, n, [=](std::int64_t begin, std::int64_t end) {
      simd::run([=] GRADUS_VECTOR_LOOP() {
        for_each_row_sum<bytes>(
            x, begin, end, n, [=](std::int64_t first, std::int64_t count, const T* largest, const T* log_rest) {
              for (std::int64_t i = 0; i < count; ++i) {
                const std::int64_t r = first + i;
                y[r] = (accumulate ? y[r] : T{0}) + ((largest[i] - x[r * n + label[r]]) + log_rest[i]);
              }
            });
      });
    });
  });
}

Shape ops::SoftCrossEntropyEach::shape(Inputs in) const {
  return losses_of(title, in[0].shape(), in[1].shape(), in[0].shape());
}
void ops::SoftCrossEntropyEach::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t rows = out.size(), n = in[0].shape()[1];
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict y = out.data<T>();
    const T* __restrict x = in[0].data<T>();
    const T* __restrict t = in[1].data<T>();
    share_rows(rows, n, [=](std::int64_t begin, std::int64_t end) {
      simd::run([=] GRADUS_VECTOR_LOOP() {
        for_each_row_sum<bytes>(x, begin, end, n,
                                [=](std::int64_t first, std::int64_t count, const T* largest, const T* log_rest) {
                                  for (std::int64_t i = 0; i < count; ++i) {
                                    const std::int64_t r = first + i;
                                    const T* __restrict logits = x + r * n;
                                    const T* __restrict target = t + r * n;
                                    const T top = largest[i], beyond = log_rest[i];
                                    const T loss = kernels::lane_sum_of<T>(
                                        n, [=](std::int64_t k) __attribute__((always_inline)) {
                                          return math::weighted_by(target[k], (top - logits[k]) + beyond);
                                        });
                                    y[r] = (accumulate ? y[r] : T{0}) + loss;
                                  }
                                });
      });
    });
  });
}

template class Operation<ops::SoftmaxDerivative>;
template class Operation<ops::Softmax>;
template class Operation<ops::LogSoftmaxDerivative>;
template class Operation<ops::LogSoftmax>;
template class Operation<ops::CrossEntropyDerivative>;
template class Operation<ops::CrossEntropyEach>;
template class Operation<ops::SoftCrossEntropyEach>;

}  // namespace gradus
