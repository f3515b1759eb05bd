#include "autodiff/kernels/loops.h"

#include <algorithm>
#include <cmath>

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

void sum_to(const Tensor& y, bool accumulate, const Tensor& x) {
  if (!accumulate) y.fill(0);
  if (x.size() == 0) return;
  const Walk w = walk(x.shape(), y.shape(), x.shape());
  with_floating(y.dtype(), [&]<class T>(T) {
    T* __restrict to = y.data<T>();
    const T* __restrict from = x.data<T>();
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
  else
    y.copy_from(x);
}

}  // namespace gradus::kernels
