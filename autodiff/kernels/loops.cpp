#include "autodiff/kernels/loops.h"

#include <algorithm>
#include <cmath>

#include "autodiff/kernels/scratch.h"
#include "autodiff/tensor/error.h"

namespace gradus::kernels {

Shape broadcast_shape(const char* operation, const Shape& a, const Shape& b) {
  if (a == b) return a;
  const int rank = std::max(a.rank(), b.rank());
  Shape result;
  for (int axis = 0; axis < rank; ++axis) {
    const int ia = axis - rank + a.rank(), ib = axis - rank + b.rank();
    const std::int64_t na = ia < 0 ? 1 : a[ia], nb = ib < 0 ? 1 : b[ib];
    if (na != nb && na != 1 && nb != 1) bad_shapes(operation, {a, b}, "[..] and [..] that broadcast");
    result.append(na == 1 ? nb : na);
  }
  return result;
}

Walk walk(const Shape& result, const Shape& a, const Shape& b) {
  const int rank = result.rank();
  std::int64_t stride_a[Shape::max_rank] = {}, stride_b[Shape::max_rank] = {};
  const auto strides = [rank](const Shape& shape, std::int64_t* stride) {
    std::int64_t step = 1;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      stride[axis + rank - shape.rank()] = shape[axis] == 1 ? 0 : step;
      step *= shape[axis];
    }
  };
  strides(a, stride_a), strides(b, stride_b);
  Walk w;
  for (int axis = 0; axis < rank; ++axis) {
    const std::int64_t n = result[axis];
    if (n == 1) continue;
    if (w.rank > 0) {
      const int last = w.rank - 1;
      if (w.a[last] == stride_a[axis] * n && w.b[last] == stride_b[axis] * n) {
        w.extent[last] *= n;
        w.a[last] = stride_a[axis];
        w.b[last] = stride_b[axis];
        continue;
      }
    }
    w.extent[w.rank] = n;
    w.a[w.rank] = stride_a[axis];
    w.b[w.rank] = stride_b[axis];
    ++w.rank;
  }
  if (w.rank == 0) {
    w.rank = 1;
    w.extent[0] = 1;
  }
  return w;
}

std::int64_t shared_positions(const Walk& w) {
  std::int64_t each = 1;
  for (int axis = 1; axis < w.rank; ++axis) each *= w.extent[axis];
  return w.rank == 1 ? shared_elements : std::max<std::int64_t>(1, shared_elements / std::max<std::int64_t>(each, 1));
}

WalkPart part_of(const Walk& w, std::int64_t first, std::int64_t end) {
  WalkPart part{w, first, w.a[0] * first, w.b[0] * first};
  part.walk.extent[0] = end - first;
  for (int axis = 1; axis < w.rank; ++axis) part.offset *= w.extent[axis];
  return part;
}

namespace {

// to[a offset] += from[offset] over a walk, without threads.
template <class T>
void add_up(T* __restrict to, const T* __restrict from, const Walk& w) {
  simd::run([=, &w] GRADUS_LOOP() {
    for_each_run(
        w, [=](std::int64_t o, std::int64_t iy, std::int64_t, std::int64_t n, std::int64_t stride, std::int64_t)
               __attribute__((always_inline)) {
                 const T* __restrict source = from + o;
                 T* __restrict target = to + iy;
                 if (stride == 0)
                   *target += lane_sum(source, n);
                 else
                   for (std::int64_t i = 0; i < n; ++i) target[i] += source[i];
               });
  });
}

// to[i] += the sum of from[row][i], in blocks of columns.
template <class T>
void add_up_rows(T* to, const T* from, std::int64_t rows, std::int64_t columns) {
  constexpr std::int64_t block = 128;
  share_ranges(columns, block, [=](std::int64_t first, std::int64_t end) {
    T* __restrict target = to;
    const T* __restrict source = from;
    simd::run([=] GRADUS_LOOP() {
      for (std::int64_t row = 0; row < rows; ++row)
        for (std::int64_t i = first; i < end; ++i) target[i] += source[row * columns + i];
    });
  });
}

struct PartialTag;

}  // namespace

// Sums of much are made of sums over parts, which follow from the shape alone.
void sum_to(const Tensor& y, bool accumulate, const Tensor& x) {
  if (!accumulate) y.fill(0);
  if (x.size() == 0) return;
  const Walk w = walk(x.shape(), y.shape(), x.shape());
  const std::int64_t n = w.extent[0], step = x.size() < 2 * shared_elements ? n : shared_positions(w);
  with_floating(y.dtype(), [&]<class T>(T) {
    T* to = y.data<T>();
    const T* from = x.data<T>();
    if (n < 2 * step) return add_up(to, from, w);
    const std::int64_t parts = (n + step - 1) / step;
    const auto add_part = [&](std::int64_t part, T* target) {
      const WalkPart some = part_of(w, part * step, std::min(n, (part + 1) * step));
      add_up(target + some.a, from + some.offset, some.walk);
    };
    if (w.a[0] != 0) return share(parts, [&](std::int64_t part) { add_part(part, to); });
    const bool of_rows = w.rank == 2 && w.a[1] == 1;
    if (of_rows && w.extent[1] >= 256) return add_up_rows(to, from, n, w.extent[1]);
    if (y.size() * 4 > step * (x.size() / n)) return add_up(to, from, w);  // the partial sums would be as much work
    T* sums = scratch<PartialTag, T>(parts * y.size());
    share(parts, [&](std::int64_t part) {
      T* own = sums + part * y.size();
      std::fill_n(own, y.size(), T{0});
      add_part(part, own);
    });
    for (std::int64_t part = 0; part < parts; ++part)
      for (std::int64_t i = 0; i < y.size(); ++i) to[i] += sums[part * y.size() + i];
  });
}

void mean_to(const Tensor& y, const Tensor& x) {
  const double count = static_cast<double>(x.size()) / static_cast<double>(y.size());
  sum_to(y, false, x);
  with_floating(y.dtype(), [&]<class T>(T) {
    T* to = y.data<T>();
    if (std::all_of(to, to + y.size(), [](T sum) { return std::isfinite(sum); }))
      return map(
          y, false, [share = 1 / count]<class U>(U sum) { return static_cast<U>(share) * sum; }, y);
    const T part = std::ldexp(T{1}, -std::ilogb(count) - 1);  // below 1 / count
    y.fill(0);
    const Walk w = walk(x.shape(), y.shape(), x.shape());
    for_each_run(w,
                 [&](std::int64_t o, std::int64_t iy, std::int64_t, std::int64_t n, std::int64_t stride, std::int64_t) {
                   for (std::int64_t i = 0; i < n; ++i) to[iy + i * stride] += part * x.data<T>()[o + i];
                 });
    for (T& sum : y.elements<T>()) sum = static_cast<T>(static_cast<double>(sum) / (static_cast<double>(part) * count));
  });
}

void copy(const Tensor& y, bool accumulate, const Tensor& x) {
  if (accumulate)
    map(
        y, true, [](auto v) { return v; }, x);
  else if (y.dtype() != x.dtype() || y.raw() == x.raw() || y.size() != x.size())
    y.copy_from(x);
  else
    share_ranges(y.size(), 4 * shared_elements, [&](std::int64_t first, std::int64_t end) {
      y.part(first, {end - first}).copy_from(x.part(first, {end - first}));
    });
}

}  // namespace gradus::kernels
