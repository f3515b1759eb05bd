#include "autodiff/operations/normalization.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "autodiff/kernels/lane_sum.h"
#include "autodiff/kernels/loops.h"
#include "autodiff/kernels/math.h"
#include "autodiff/kernels/scratch.h"

namespace gradus {
namespace {

using kernels::lane_sum_of;

// What standardizes a row. Numbers are taken relative to the row's first one, so that those that differ little keep
// their digits and equal ones deviate by 0, and times a power of two, so that no square overflows or vanishes.
template <class T>
struct RowMoments {
  T scale, first, mean, inverse;  // of scale x - first, with first = scale x[0]

  GRADUS_INLINE T standardized(T x) const { return ((x * scale - first) - mean) * inverse; }
  GRADUS_INLINE T inverse_deviation() const { return inverse * scale; }
};

// The power of two that brings the largest of a row near 1, or epsilon if that is larger; 1 if the row is 0 or not
// finite.
template <class T>
[[gnu::noinline]] T scale_of_row(const T* x, std::int64_t n, T epsilon) {
  T largest = 0;
  for (std::int64_t i = 0; i < n; ++i) largest = math::larger(largest, std::abs(x[i]));
  if (!(largest > 0) || largest > std::numeric_limits<T>::max()) return 1;
  const int exponent = std::ilogb(largest), of_epsilon = epsilon > 0 ? std::ilogb(epsilon) / 2 : exponent;
  using Limits = std::numeric_limits<T>;
  return std::ldexp(T{1}, std::clamp(-std::max(exponent, of_epsilon), Limits::min_exponent, Limits::max_exponent - 2));
}

template <class T>
GRADUS_INLINE RowMoments<T> row_moments(const T* __restrict x, std::int64_t n, T epsilon) {
  using Limits = std::numeric_limits<T>;
  constexpr T enough = Limits::min() / Limits::epsilon() / Limits::epsilon();  // below, squares that vanished may count
  RowMoments<T> m{1, x[0], 0, 0}, unscaled = m;
  for (bool again = false;; again = true) {
    const T scale = m.scale, first = m.first;
    const T mean = lane_sum_of<T>(
                       n, [=](std::int64_t i) __attribute__((always_inline)) { return x[i] * scale - first; }) /
                   static_cast<T>(n);
    const T squares = lane_sum_of<T>(
        n, [=](std::int64_t i) __attribute__((always_inline)) {
          const T deviation = (x[i] * scale - first) - mean;
          return deviation * deviation;
        });
    const T variance = squares / static_cast<T>(n) + epsilon * scale * scale;
    m.mean = mean;
    m.inverse = 1 / std::sqrt(variance);
    if (again) return variance > 0 ? m : unscaled;  // equal numbers: only epsilon counts
    if (variance >= enough && variance <= Limits::max()) return m;
    unscaled = m;
    m.scale = scale_of_row(x, n, epsilon);
    if (m.scale == 1) return m;
    m.first = x[0] * m.scale;
  }
}

Shape rows_of(const char* operation, const Shape& x) {
  if (x.rank() == 0 || x[x.rank() - 1] == 0) bad_shapes(operation, {x}, "elements along the last axis");
  return x;
}

std::int64_t row_length(const Shape& x) { return x[x.rank() - 1]; }

// How many rows are worth a thread: each is read several times.
std::int64_t rows_of_a_thread(std::int64_t n) { return kernels::shared_rows(n, kernels::shared_elements / 4); }

template <class Work>
void share_rows(std::int64_t rows, std::int64_t n, const Work& work) {
  kernels::share_ranges(rows, rows_of_a_thread(n), work);
}

// z = r (g - mean(g) - y mean(g y)) for one row, or z += it; g(i) may be computed on the way.
template <class T, class G>
GRADUS_INLINE void row_derivative(T* __restrict z, const T* __restrict x, const G& g, std::int64_t n, RowMoments<T> m,
                                  bool accumulate) {
  const auto y = [=](std::int64_t i) __attribute__((always_inline)) { return m.standardized(x[i]); };
  const T r = m.inverse_deviation();
  const T count = static_cast<T>(n);
  const T g_mean = lane_sum_of<T>(n, g) / count;
  const T gy_mean = lane_sum_of<T>(
                        n, [=](std::int64_t i) __attribute__((always_inline)) { return g(i) * y(i); }) /
                    count;
  if (accumulate)
    for (std::int64_t i = 0; i < n; ++i) z[i] += r * (g(i) - g_mean - y(i) * gy_mean);
  else
    for (std::int64_t i = 0; i < n; ++i) z[i] = r * (g(i) - g_mean - y(i) * gy_mean);
}

}  // namespace

Shape ops::InverseDeviation::shape(Inputs in) const { return one_column(rows_of(title, in[0].shape())); }
void ops::InverseDeviation::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t n = row_length(in[0].shape()), rows = out.size();
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict r = out.data<T>();
    const T* __restrict x = in[0].data<T>();
    const T e = static_cast<T>(epsilon);
    share_rows(rows, n, [=](std::int64_t begin, std::int64_t end) {
      simd::run([=] GRADUS_LOOP() {
        for (std::int64_t row = begin; row < end; ++row)
          r[row] = (accumulate ? r[row] : T{0}) + row_moments(x + row * n, n, e).inverse_deviation();
      });
    });
  });
}

Shape ops::Standardize::shape(Inputs in) const { return rows_of(title, in[0].shape()); }
void ops::Standardize::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t n = row_length(out.shape()), rows = out.size() / n;
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict y = out.data<T>();
    const T* __restrict x = in[0].data<T>();
    const T e = static_cast<T>(epsilon);
    share_rows(rows, n, [=](std::int64_t begin, std::int64_t end) {
      simd::run([=] GRADUS_LOOP() {
        for (std::int64_t row = begin; row < end; ++row) {
          const RowMoments<T> m = row_moments(x + row * n, n, e);
          for (std::int64_t i = row * n; i < (row + 1) * n; ++i)
            y[i] = (accumulate ? y[i] : T{0}) + m.standardized(x[i]);
        }
      });
    });
  });
}

Shape ops::StandardizeDerivative::shape(Inputs in) const {
  require_equal_shapes(title, in[0].shape(), in[1].shape());
  return rows_of(title, in[1].shape());
}
void ops::StandardizeDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t n = row_length(out.shape()), rows = out.size() / n;
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict z = out.data<T>();
    const T* __restrict g = in[0].data<T>();
    const T* __restrict x = in[1].data<T>();
    const T e = static_cast<T>(epsilon);
    share_rows(rows, n, [=](std::int64_t begin, std::int64_t end) {
      simd::run([=] GRADUS_LOOP() {
        for (std::int64_t row = begin; row < end; ++row) {
          const T* __restrict source = g + row * n;
          row_derivative(
              z + row * n, x + row * n, [=](std::int64_t i) __attribute__((always_inline)) { return source[i]; }, n,
              row_moments(x + row * n, n, e), accumulate);
        }
      });
    });
  });
}

Shape ops::LayerNorm::shape(Inputs in) const {
  const Shape &x = in[0].shape(), &weight = in[1].shape(), &bias = in[2].shape();
  const Shape row{x.rank() > 0 ? row_length(x) : 0};
  if (weight != row || bias != row) bad_shapes(title, {x, weight, bias}, "[.., n] with weight [n] and bias [n]");
  return rows_of(title, x);
}
void ops::LayerNorm::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t n = row_length(out.shape()), rows = out.size() / n;
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict y = out.data<T>();
    const T* __restrict x = in[0].data<T>();
    const T* __restrict w = in[1].data<T>();
    const T* __restrict b = in[2].data<T>();
    const T e = static_cast<T>(epsilon);
    share_rows(rows, n, [=](std::int64_t begin, std::int64_t end) {
      simd::run([=] GRADUS_LOOP() {
        for (std::int64_t row = begin; row < end; ++row) {
          const T* __restrict from = x + row * n;
          T* __restrict to = y + row * n;
          const RowMoments<T> m = row_moments(from, n, e);
          if (accumulate)
            for (std::int64_t i = 0; i < n; ++i) to[i] += m.standardized(from[i]) * w[i] + b[i];
          else
            for (std::int64_t i = 0; i < n; ++i) to[i] = m.standardized(from[i]) * w[i] + b[i];
        }
      });
    });
  });
}

Shape ops::LayerNormDerivative::shape(Inputs in) const {
  const Shape &g = in[0].shape(), &x = in[1].shape(), &weight = in[2].shape();
  if (g != x || rows_of("layer_norm", x).rank() == 0 || weight != Shape{row_length(x)})
    bad_shapes("layer_norm", {g, x, weight}, "[.., n] for the same [.., n] with weight [n]");
  return {x.size() + 2 * weight[0]};
}
void ops::LayerNormDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const Shape& shape = in[1].shape();
  const std::int64_t n = row_length(shape), rows = shape.size() / n;
  if (!accumulate) out.part(shape.size(), {2 * n}).fill(0);
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict dx = out.data<T>();
    const T* __restrict g = in[0].data<T>();
    const T* __restrict x = in[1].data<T>();
    const T* __restrict w = in[2].data<T>();
    const T e = static_cast<T>(epsilon);
    // Each slab of rows adds up a part of the sums.
    const auto slab = [=](std::int64_t begin, std::int64_t end, T* __restrict dw, T* __restrict db) {
      simd::run([=] GRADUS_LOOP() {
        for (std::int64_t row = begin; row < end; ++row) {
          const T* __restrict from = x + row * n;
          const T* __restrict source = g + row * n;
          const RowMoments<T> m = row_moments(from, n, e);
          row_derivative(
              dx + row * n, from, [=](std::int64_t i) __attribute__((always_inline)) { return source[i] * w[i]; }, n, m,
              accumulate);
          for (std::int64_t i = 0; i < n; ++i) {
            dw[i] += source[i] * m.standardized(from[i]);
            db[i] += source[i];
          }
        }
      });
    };
    T* sums = out.data<T>() + shape.size();
    const std::int64_t step = rows_of_a_thread(n), slabs = (rows + step - 1) / step;
    if (rows < 2 * step) return slab(0, rows, sums, sums + n);
    struct LayerNormSums;
    T* parts = kernels::scratch<LayerNormSums, T>(slabs * 2 * n);
    kernels::share(slabs, [&](std::int64_t part) {
      T* own = parts + part * 2 * n;
      std::fill_n(own, 2 * n, T{0});
      slab(part * step, std::min(rows, (part + 1) * step), own, own + n);
    });
    for (std::int64_t part = 0; part < slabs; ++part)
      for (std::int64_t i = 0; i < 2 * n; ++i) sums[i] += parts[part * 2 * n + i];
  });
}

Shape channel_shape(const char* operation, const Shape& x, int axis) {
  if (axis < 0 || axis >= x.rank())
    throw std::invalid_argument(fmt::format("{}: channels along axis {} of {}", operation, axis, x.to_string()));
  Shape shape{x[axis]};
  for (int k = axis + 1; k < x.rank(); ++k) shape.append(1);
  return shape;
}

namespace {

struct Channels {
  std::int64_t outer, count, inner;  // x[outer, count, inner]
  Channels(const Shape& x, int axis) : outer(x.size(0, axis)), count(x[axis]), inner(x.size(axis + 1, x.rank())) {}
};

constexpr std::int64_t channel_block = 64;

// Calls work(begin, end) for ranges of channels: whole lines of the cache where channels are neighbours.
template <class Work>
void share_channels(const Channels& c, const Work& work) {
  const std::int64_t each = c.outer * c.inner, line = c.inner == 1 ? 16 : 1;
  kernels::share_ranges(c.count, (kernels::shared_elements / std::max<std::int64_t>(1, each) / line + 1) * line, work);
}

// total[k] = sum of f(place in x, k) over channel first + k, for k < count <= channel_block.
template <class T, class F>
GRADUS_INLINE void sum_channels(const Channels& c, std::int64_t first, std::int64_t count, T* __restrict total,
                                const F& f) {
  for (std::int64_t k = 0; k < count; ++k) total[k] = 0;
  for (std::int64_t o = 0; o < c.outer; ++o) {
    const std::int64_t start = (o * c.count + first) * c.inner;
    if (c.inner == 1)
      for (std::int64_t k = 0; k < count; ++k) total[k] += f(start + k, k);
    else
      for (std::int64_t k = 0; k < count; ++k)
        total[k] += lane_sum_of<T>(
            c.inner, [=](std::int64_t i) __attribute__((always_inline)) { return f(start + k * c.inner + i, k); });
  }
}

// The moments of one channel in a type of larger range, where sums of squares have overflowed or a number is not
// finite.
template <class T>
[[gnu::noinline]] void wide_moments(const Channels& c, std::int64_t channel, const T* x, T& mean, T& variance) {
  const auto n = static_cast<long double>(c.outer * c.inner);
  const auto sum_of = [&](long double center, bool squares) {
    long double sum = 0;
    for (std::int64_t o = 0; o < c.outer; ++o)
      for (std::int64_t i = 0; i < c.inner; ++i) {
        const long double deviation = static_cast<long double>(x[(o * c.count + channel) * c.inner + i]) - center;
        sum += squares ? deviation * deviation : deviation;
      }
    return sum;
  };
  const long double center = sum_of(0, false) / n;
  mean = static_cast<T>(center);
  variance = static_cast<T>(sum_of(center, true) / n);
}

void require_channels(const char* operation, int axis, Inputs in, int x, int first) {
  const Shape row{channel_shape(operation, in[x].shape(), axis)[0]};
  for (int i = first; i < in.count; ++i)
    if (in[i].shape() != row)
      bad_shapes(operation, {in[i].shape()}, row.to_string() + " for the channels of " + in[x].shape().to_string());
}

}  // namespace

Shape ops::ChannelMoments::shape(Inputs in) const {
  const Shape& x = in[0].shape();
  const std::int64_t channels = channel_shape(title, x, axis)[0];
  if (x.size() == 0) bad_shapes(title, {x}, "elements");
  return {2, channels};
}
void ops::ChannelMoments::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const Channels c(in[0].shape(), axis);
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict moments = out.data<T>();
    const T* __restrict x = in[0].data<T>();
    const T n = static_cast<T>(c.outer * c.inner);
    share_channels(c, [=](std::int64_t begin, std::int64_t end) {
      simd::run([=] GRADUS_LOOP() {
        for (std::int64_t first = begin; first < end; first += channel_block) {
          const std::int64_t count = end - first < channel_block ? end - first : channel_block;
          T mean[channel_block], squares[channel_block], origin[channel_block];
          for (std::int64_t k = 0; k < count; ++k) origin[k] = x[(first + k) * c.inner];
          const T *from = origin, *center = mean;  // relative to a number of the channel, as in row_moments
          sum_channels(
              c, first, count,
              mean, [=](std::int64_t i, std::int64_t k) __attribute__((always_inline)) { return x[i] - from[k]; });
          for (std::int64_t k = 0; k < count; ++k) mean[k] /= n;
          sum_channels(
              c, first, count, squares, [=](std::int64_t i, std::int64_t k) __attribute__((always_inline)) {
                const T deviation = (x[i] - from[k]) - center[k];
                return deviation * deviation;
              });
          for (std::int64_t k = 0; k < count; ++k) {
            mean[k] += origin[k];
            squares[k] /= n;
            if (!(squares[k] <= std::numeric_limits<T>::max())) wide_moments(c, first + k, x, mean[k], squares[k]);
            moments[first + k] = (accumulate ? moments[first + k] : T{0}) + mean[k];
            moments[c.count + first + k] = (accumulate ? moments[c.count + first + k] : T{0}) + squares[k];
          }
        }
      });
    });
  });
}

Shape ops::ChannelDot::shape(Inputs in) const {
  require_equal_shapes(title, in[0].shape(), in[1].shape());
  require_channels(title, axis, in, 1, 2);
  return in[2].shape();
}
void ops::ChannelDot::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const Channels c(in[1].shape(), axis);
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict dot = out.data<T>();
    const T* __restrict g = in[0].data<T>();
    const T* __restrict x = in[1].data<T>();
    const T* __restrict m = in[2].data<T>();
    share_channels(c, [=](std::int64_t begin, std::int64_t end) {
      simd::run([=] GRADUS_LOOP() {
        for (std::int64_t first = begin; first < end; first += channel_block) {
          const std::int64_t count = end - first < channel_block ? end - first : channel_block;
          T total[channel_block];
          const T* center = m + first;
          sum_channels(
              c, first, count, total, [=](std::int64_t i, std::int64_t k) __attribute__((always_inline)) {
                return g[i] * (x[i] - center[k]);
              });
          for (std::int64_t k = 0; k < count; ++k) dot[first + k] = (accumulate ? dot[first + k] : T{0}) + total[k];
        }
      });
    });
  });
}

Shape ops::ChannelAffine::shape(Inputs in) const {
  require_channels(title, axis, in, 0, 1);
  return in[0].shape();
}
void ops::ChannelAffine::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const Channels c(in[0].shape(), axis);
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict y = out.data<T>();
    const T* __restrict x = in[0].data<T>();
    const T* __restrict m = in[1].data<T>();
    const T* __restrict f = in[2].data<T>();
    const T* __restrict s = in[3].data<T>();
    const std::int64_t step = 1 + kernels::shared_elements / std::max<std::int64_t>(1, c.count * c.inner);
    kernels::share_ranges(c.outer, step, [=](std::int64_t begin, std::int64_t end) {
      simd::run([=] GRADUS_LOOP() {
        for (std::int64_t o = begin; o < end; ++o) {
          T* __restrict to = y + o * c.count * c.inner;
          const T* __restrict from = x + o * c.count * c.inner;
          if (c.inner == 1) {
            for (std::int64_t k = 0; k < c.count; ++k)
              to[k] = (accumulate ? to[k] : T{0}) + (from[k] - m[k]) * f[k] + s[k];
            continue;
          }
          for (std::int64_t k = 0; k < c.count; ++k)
            for (std::int64_t i = k * c.inner; i < (k + 1) * c.inner; ++i)
              to[i] = (accumulate ? to[i] : T{0}) + (from[i] - m[k]) * f[k] + s[k];
        }
      });
    });
  });
}

template class Operation<ops::InverseDeviation>;
template class Operation<ops::StandardizeDerivative>;
template class Operation<ops::Standardize>;
template class Operation<ops::LayerNorm>;
template class Operation<ops::ChannelMoments>;
template class Operation<ops::ChannelDot>;
template class Operation<ops::ChannelAffine>;

}  // namespace gradus
