#include "autodiff/operations/softmax.h"

#include "autodiff/kernels/loops.h"
#include "autodiff/kernels/math.h"
#include "autodiff/operations/indexing.h"

namespace gradus {
namespace {

template <class T>
struct Exponentials {
  T maximum, total;
};

// y = e^(x - max x); returns max x and the sum of y.
template <class T>
GRADUS_INLINE Exponentials<T> exponentials(const T* __restrict x, T* __restrict y, std::int64_t n) {
  T maximum = x[0];
  for (std::int64_t k = 1; k < n; ++k) maximum = x[k] > maximum ? x[k] : maximum;
  for (std::int64_t k = 0; k < n; ++k) y[k] = math::exp(x[k] - maximum);
  return {maximum, kernels::lane_sum(y, n)};
}

// ln sum e^x of a row, without memory for the exponentials.
template <class T>
GRADUS_INLINE T log_sum_exp(const T* __restrict x, std::int64_t n) {
  constexpr std::int64_t width = 256;
  T buffer[width];
  T maximum = x[0], total = 0;
  for (std::int64_t first = 0; first < n; first += width) {
    const std::int64_t count = n - first < width ? n - first : width;
    const auto [part_maximum, part_total] = exponentials(x + first, buffer, count);
    const T larger = part_maximum > maximum ? part_maximum : maximum;
    total = total * math::exp(maximum - larger) + part_total * math::exp(part_maximum - larger);
    maximum = larger;
  }
  return maximum + math::log(total);
}

// Rows too short to fill a vector are turned: up to 16 of them lie side by side, and every loop runs across them.
template <class T>
struct ShortRows {
  static constexpr int across = 16;
  static constexpr std::int64_t longest = 64;
  T exponentials[longest][across];  // e^(x - maximum), [column][row]
  T maximum[across], total[across];

  GRADUS_INLINE ShortRows(const T* __restrict x, std::int64_t rows, std::int64_t n) {
    for (std::int64_t k = 0; k < n; ++k)
      for (int r = 0; r < across; ++r) exponentials[k][r] = r < rows ? x[r * n + k] : T{0};
    for (int r = 0; r < across; ++r) maximum[r] = exponentials[0][r], total[r] = 0;
    for (std::int64_t k = 1; k < n; ++k)
      for (int r = 0; r < across; ++r) maximum[r] = exponentials[k][r] > maximum[r] ? exponentials[k][r] : maximum[r];
    for (std::int64_t k = 0; k < n; ++k)
      for (int r = 0; r < across; ++r) {
        exponentials[k][r] = math::exp(exponentials[k][r] - maximum[r]);
        total[r] += exponentials[k][r];
      }
  }
};

// Calls f(first row, number of rows, their log-sum-exp) for the rows of x[rows, n] in groups of at most 16.
template <class T, class F>
GRADUS_INLINE void for_each_log_sum_exp(const T* __restrict x, std::int64_t rows, std::int64_t n, const F& f) {
  constexpr int across = ShortRows<T>::across;
  T log_total[across];
  for (std::int64_t first = 0; first < rows; first += across) {
    const std::int64_t count = rows - first < across ? rows - first : across;
    if (n <= ShortRows<T>::longest) {
      const ShortRows<T> block(x + first * n, count, n);
      for (int r = 0; r < across; ++r) log_total[r] = block.maximum[r] + math::log(block.total[r]);
    } else {
      for (std::int64_t r = 0; r < count; ++r) log_total[r] = log_sum_exp(x + (first + r) * n, n);
    }
    f(first, count, log_total);
  }
}

// y = factor(row) softmax(x), row by row, or y += it.
template <class T, class F>
GRADUS_INLINE void scaled_softmax(T* __restrict y, bool accumulate, const T* __restrict x, std::int64_t rows, std::int64_t n,
                                  const F& factor) {
  if (n > ShortRows<T>::longest) {
    for (std::int64_t r = 0; r < rows; ++r) {
      T* __restrict to = y + r * n;
      if (accumulate) {
        const T log_total = log_sum_exp(x + r * n, n);
        for (std::int64_t k = 0; k < n; ++k) to[k] += factor(r) * math::exp(x[r * n + k] - log_total);
      } else {
        const T scale = factor(r) / exponentials(x + r * n, to, n).total;
        for (std::int64_t k = 0; k < n; ++k) to[k] *= scale;
      }
    }
    return;
  }
  constexpr int across = ShortRows<T>::across;
  for (std::int64_t first = 0; first < rows; first += across) {
    const std::int64_t count = rows - first < across ? rows - first : across;
    ShortRows<T> block(x + first * n, count, n);
    T scale[across];
    for (int r = 0; r < across; ++r) scale[r] = r < count ? factor(first + r) / block.total[r] : T{0};
    for (std::int64_t k = 0; k < n; ++k)
      for (int r = 0; r < across; ++r) block.exponentials[k][r] *= scale[r];
    for (std::int64_t r = 0; r < count; ++r) {
      T* __restrict to = y + (first + r) * n;
      for (std::int64_t k = 0; k < n; ++k) to[k] = (accumulate ? to[k] : T{0}) + block.exponentials[k][r];
    }
  }
}

Shape rows_of(const char* operation, const Shape& shape) {
  if (shape.rank() == 0 || shape[shape.rank() - 1] == 0)
    throw std::invalid_argument(std::string(operation) + ": no elements along the last axis of " + shape.to_string());
  return shape;
}

Shape losses_of(const char* operation, const Shape& logits, const Shape& other, const Shape& expected) {
  if (logits.rank() != 2 || logits[1] == 0 || other != expected)
    throw std::invalid_argument(std::string(operation) + ": logits " + logits.to_string() + " with targets " +
                                other.to_string() + ", expected [n, classes] with " + expected.to_string());
  return {logits[0]};
}

}  // namespace

void SoftmaxDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t n = out.shape()[out.shape().rank() - 1], rows = out.size() / n;
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict z = out.data<T>();
    const T* __restrict g = in[0].data<T>();
    const T* __restrict y = in[1].data<T>();
    simd::run([=] GRADUS_LOOP() {
      for (std::int64_t r = 0; r < rows; ++r) {
        T dot = 0;
        for (std::int64_t k = r * n; k < (r + 1) * n; ++k) dot += g[k] * y[k];
        for (std::int64_t k = r * n; k < (r + 1) * n; ++k) z[k] = (accumulate ? z[k] : T{0}) + y[k] * (g[k] - dot);
      }
    });
  });
}

Shape Softmax::shape(Inputs in) const { return rows_of(title, in[0].shape()); }
void Softmax::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t n = out.shape()[out.shape().rank() - 1], rows = out.size() / n;
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict y = out.data<T>();
    const T* __restrict x = in[0].data<T>();
    simd::run([=] GRADUS_LOOP() { scaled_softmax(y, accumulate, x, rows, n, [](std::int64_t) { return T{1}; }); });
  });
}

Shape LogSoftmax::shape(Inputs in) const { return rows_of(title, in[0].shape()); }
void LogSoftmax::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t n = out.shape()[out.shape().rank() - 1], rows = out.size() / n;
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict y = out.data<T>();
    const T* __restrict x = in[0].data<T>();
    simd::run([=] GRADUS_LOOP() {
      for_each_log_sum_exp(x, rows, n, [=](std::int64_t first, std::int64_t count, const T* log_total) {
        for (std::int64_t r = 0; r < count; ++r)
          for (std::int64_t k = (first + r) * n; k < (first + r + 1) * n; ++k)
            y[k] = (accumulate ? y[k] : T{0}) + (x[k] - log_total[r]);
      });
    });
  });
}

Shape CrossEntropyDerivative::shape(Inputs in) const {
  const Shape &g = in[0].shape(), &x = in[1].shape();
  if (x.rank() != 2 || g != Shape{x[0]} || in[2].shape() != g)
    throw std::invalid_argument(std::string(title) + ": cotangents " + g.to_string() + " and labels " +
                                in[2].shape().to_string() + " for logits " + x.to_string());
  check_indices(title, in[2], x[1]);
  return x;
}
void CrossEntropyDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t rows = out.shape()[0], n = out.shape()[1];
  const std::int32_t* label = in[2].data<std::int32_t>();
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict z = out.data<T>();
    const T* __restrict g = in[0].data<T>();
    const T* __restrict x = in[1].data<T>();
    simd::run([=] GRADUS_LOOP() {
      scaled_softmax(z, accumulate, x, rows, n, [=](std::int64_t r) { return g[r]; });
      for (std::int64_t r = 0; r < rows; ++r) z[r * n + label[r]] -= g[r];
    });
  });
}

Shape CrossEntropy::shape(Inputs in) const {
  const Shape& x = in[0].shape();
  const Shape losses = losses_of(title, x, in[1].shape(), {x.rank() > 0 ? x[0] : 0});
  check_indices(title, in[1], x[1]);
  return losses;
}
void CrossEntropy::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t rows = out.size(), n = in[0].shape()[1];
  const std::int32_t* label = in[1].data<std::int32_t>();
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict y = out.data<T>();
    const T* __restrict x = in[0].data<T>();
    simd::run([=] GRADUS_LOOP() {
      for_each_log_sum_exp(x, rows, n, [=](std::int64_t first, std::int64_t count, const T* log_total) {
        for (std::int64_t i = 0; i < count; ++i) {
          const std::int64_t r = first + i;
          y[r] = (accumulate ? y[r] : T{0}) + (log_total[i] - x[r * n + label[r]]);
        }
      });
    });
  });
}

Shape SoftCrossEntropy::shape(Inputs in) const {
  return losses_of(title, in[0].shape(), in[1].shape(), in[0].shape());
}
void SoftCrossEntropy::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t rows = out.size(), n = in[0].shape()[1];
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict y = out.data<T>();
    const T* __restrict x = in[0].data<T>();
    const T* __restrict t = in[1].data<T>();
    simd::run([=] GRADUS_LOOP() {
      for_each_log_sum_exp(x, rows, n, [=](std::int64_t first, std::int64_t count, const T* log_total) {
        for (std::int64_t i = 0; i < count; ++i) {
          const std::int64_t r = first + i;
          T loss = 0;
          for (std::int64_t k = r * n; k < (r + 1) * n; ++k) loss += t[k] * (log_total[i] - x[k]);
          y[r] = (accumulate ? y[r] : T{0}) + loss;
        }
      });
    });
  });
}

}  // namespace gradus
