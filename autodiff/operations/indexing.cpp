#include "autodiff/operations/indexing.h"

#include <fmt/format.h>

#include "autodiff/kernels/simd.h"
#include "autodiff/kernels/team.h"

namespace gradus {

void check_indices(const char* operation, const Tensor& index, std::int64_t limit) {
  const std::int32_t* values = index.data<std::int32_t>();
  for (std::int64_t i = 0; i < index.size(); ++i)
    if (values[i] < 0 || values[i] >= limit)
      throw std::invalid_argument(
          fmt::format("{}: index {} at position {} is not in [0, {})", operation, values[i], i, limit));
}

namespace {

// The axes of `shape` after its first `count`.
Shape after(const Shape& shape, int count) {
  Shape rest;
  for (int axis = count; axis < shape.rank(); ++axis) rest.append(shape[axis]);
  return rest;
}
Shape joined(Shape first, const Shape& second) {
  for (int axis = 0; axis < second.rank(); ++axis) first.append(second[axis]);
  return first;
}

}  // namespace

Shape ops::ScatterAdd::shape(Inputs in) const {
  const Shape &x = in[0].shape(), &index = in[1].shape();
  if (index.rank() == 0 || x.rank() < index.rank() || x != joined(index, after(x, index.rank())))
    bad_shapes(title, {index, x}, "indices [n..] for rows of [n.., ..]");
  check_indices(title, in[1], rows);
  return joined({rows}, after(x, index.rank()));
}
void ops::ScatterAdd::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  if (!accumulate) out.fill(0);
  const std::int64_t n = in[1].size(), width = out.shape().size(1, out.shape().rank());
  const std::int32_t* index = in[1].data<std::int32_t>();
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict y = out.data<T>();
    const T* __restrict x = in[0].data<T>();
    // Rows may meet in one: the threads share columns.
    const std::int64_t columns = (kernels::shared_elements / 4 / std::max<std::int64_t>(n, 1) / 16 + 1) * 16;
    kernels::share_ranges(width, columns, [=](std::int64_t first, std::int64_t end) {
      simd::run([=] GRADUS_LOOP() {
        for (std::int64_t i = 0; i < n; ++i) {
          T* __restrict to = y + index[i] * width;
          const T* __restrict from = x + i * width;
          for (std::int64_t k = first; k < end; ++k) to[k] += from[k];
        }
      });
    });
  });
}

Shape ops::Gather::shape(Inputs in) const {
  const Shape& x = in[0].shape();
  if (x.rank() == 0 || in[1].shape().rank() == 0)
    bad_shapes(title, {x, in[1].shape()}, "rows [n, ..] and indices [m..]");
  check_indices(title, in[1], x[0]);
  return joined(in[1].shape(), after(x, 1));
}
void ops::Gather::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t n = in[1].size(), width = in[0].shape().size(1, in[0].shape().rank());
  const std::int32_t* index = in[1].data<std::int32_t>();
  with_floating(out.dtype(), [&]<class T>(T) {
    T* __restrict y = out.data<T>();
    const T* __restrict x = in[0].data<T>();
    const std::int64_t rows = 1 + kernels::shared_elements / std::max<std::int64_t>(width, 1);
    kernels::share_ranges(n, rows, [=](std::int64_t first, std::int64_t end) {
      simd::run([=] GRADUS_LOOP() {
        for (std::int64_t i = first; i < end; ++i) {
          T* __restrict to = y + i * width;
          const T* __restrict from = x + index[i] * width;
          for (std::int64_t k = 0; k < width; ++k) to[k] = (accumulate ? to[k] : T{0}) + from[k];
        }
      });
    });
  });
}

Shape ops::PutInRow::shape(Inputs in) const {
  const Shape& x = in[0].shape();
  if (x.rank() != 1 || in[1].shape() != x) bad_shapes(title, {x, in[1].shape()}, "[n] at indices [n]");
  check_indices(title, in[1], columns);
  return {x[0], columns};
}
void ops::PutInRow::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  if (!accumulate) out.fill(0);
  const std::int64_t n = in[1].size(), width = columns;
  const std::int32_t* index = in[1].data<std::int32_t>();
  with_floating(out.dtype(), [&]<class T>(T) {
    T* y = out.data<T>();
    const T* x = in[0].data<T>();
    for (std::int64_t i = 0; i < n; ++i) y[i * width + index[i]] += x[i];
  });
}

Shape ops::TakeFromRow::shape(Inputs in) const {
  const Shape& x = in[0].shape();
  if (x.rank() != 2 || in[1].shape() != Shape{x[0]})
    bad_shapes(title, {x, in[1].shape()}, "[n, columns] at indices [n]");
  check_indices(title, in[1], x[1]);
  return {x[0]};
}
void ops::TakeFromRow::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t n = out.size(), width = in[0].shape()[1];
  const std::int32_t* index = in[1].data<std::int32_t>();
  with_floating(out.dtype(), [&]<class T>(T) {
    T* y = out.data<T>();
    const T* x = in[0].data<T>();
    for (std::int64_t i = 0; i < n; ++i) y[i] = (accumulate ? y[i] : T{0}) + x[i * width + index[i]];
  });
}

template class Operation<ops::ScatterAdd>;
template class Operation<ops::Gather>;
template class Operation<ops::PutInRow>;
template class Operation<ops::TakeFromRow>;

}  // namespace gradus
