#include "autodiff/operations/permute.h"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/kernels/loops.h"

namespace gradus {
namespace {

// The axes of the result, those that stay neighbours in x merged; distances in elements.
struct AxisOrder {
  int rank = 0;
  std::int64_t extent[Shape::max_rank] = {}, from[Shape::max_rank] = {}, to[Shape::max_rank] = {};

  void append(std::int64_t n, std::int64_t distance) {
    if (n == 1) return;
    if (rank > 0 && from[rank - 1] == n * distance) {
      extent[rank - 1] *= n;
      from[rank - 1] = distance;
    } else {
      extent[rank] = n;
      from[rank] = distance;
      ++rank;
    }
  }
  void finish() {
    std::int64_t distance = 1;
    for (int axis = rank - 1; axis >= 0; --axis) {
      to[axis] = distance;
      distance *= extent[axis];
    }
  }
  // Moves an axis to the end, which is the inner loop.
  void move_last(int axis) {
    std::rotate(extent + axis, extent + axis + 1, extent + rank);
    std::rotate(from + axis, from + axis + 1, from + rank);
    std::rotate(to + axis, to + axis + 1, to + rank);
  }
};

AxisOrder axis_order(const Shape& x, std::span<const int> order) {
  std::int64_t distance[Shape::max_rank];
  std::int64_t step = 1;
  for (int axis = x.rank() - 1; axis >= 0; --axis) {
    distance[axis] = step;
    step *= x[axis];
  }
  AxisOrder w;
  for (const int axis : order) w.append(x[axis], distance[axis]);
  w.finish();
  return w;
}

// Calls body(from offset, to offset) for each position of the axes before the last `inner` ones.
template <class Body>
GRADUS_INLINE void for_each_outer(const AxisOrder& w, int inner, const Body& body) {
  std::int64_t index[Shape::max_rank] = {}, from = 0, to = 0;
  for (;;) {
    body(from, to);
    int axis = w.rank - inner - 1;
    for (; axis >= 0; --axis) {
      from += w.from[axis];
      to += w.to[axis];
      if (++index[axis] < w.extent[axis]) break;
      from -= w.from[axis] * w.extent[axis];
      to -= w.to[axis] * w.extent[axis];
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

// Calls body(part, from offset, to offset) for ranges of the first axis, `unit` positions or a multiple of them each.
template <class Body>
void share_first_axis(const AxisOrder& w, std::int64_t unit, const Body& body) {
  std::int64_t each = 1;
  for (int axis = 1; axis < w.rank; ++axis) each *= w.extent[axis];
  const std::int64_t step = (kernels::shared_elements / std::max<std::int64_t>(each, 1) / unit + 1) * unit;
  kernels::share_ranges(w.extent[0], step, [&](std::int64_t first, std::int64_t end) {
    AxisOrder part = w;
    part.extent[0] = end - first;
    body(part, first * w.from[0], first * w.to[0]);
  });
}

template <bool accumulate, class T>
void permute_runs(const AxisOrder& w, T* __restrict y, const T* __restrict x) {
  const std::int64_t n = w.extent[w.rank - 1];
  simd::run([=, &w] GRADUS_LOOP() {
    for_each_outer(
        w, 1, [=](std::int64_t from, std::int64_t to) __attribute__((always_inline)) {
          for (std::int64_t i = 0; i < n; ++i) y[to + i] = (accumulate ? y[to + i] : T{0}) + x[from + i];
        });
  });
}

// The last two axes are contiguous, the one in y and the other in x: in tiles, so that lines of both stay in the cache.
template <bool accumulate, class T>
void permute_tiles(const AxisOrder& w, T* __restrict y, const T* __restrict x) {
  constexpr std::int64_t tile = 16;
  const int a = w.rank - 2, b = w.rank - 1;  // y is contiguous along a, x along b
  const std::int64_t rows = w.extent[a], columns = w.extent[b], x_step = w.from[a], y_step = w.to[b];
  simd::run([=, &w] GRADUS_LOOP() {
    for_each_outer(
        w, 2, [=](std::int64_t from, std::int64_t to) __attribute__((always_inline)) {
          for (std::int64_t column = 0; column < columns; column += tile)
            for (std::int64_t row = 0; row < rows; row += tile) {
              const std::int64_t last_column = std::min(column + tile, columns), last_row = std::min(row + tile, rows);
              for (std::int64_t c = column; c < last_column; ++c)
                for (std::int64_t r = row; r < last_row; ++r) {
                  T& target = y[to + c * y_step + r];
                  target = (accumulate ? target : T{0}) + x[from + r * x_step + c];
                }
            }
        });
  });
}

template <bool accumulate>
void permute_into(const Tensor& y, const Tensor& x, std::span<const int> order) {
  AxisOrder w = axis_order(x.shape(), order);
  with_floating(y.dtype(), [&]<class T>(T) {
    if (w.from[w.rank - 1] == 1)
      return share_first_axis(w, 1, [&](const AxisOrder& part, std::int64_t from, std::int64_t to) {
        permute_runs<accumulate>(part, y.data<T>() + to, x.data<T>() + from);
      });
    int contiguous = 0;
    while (w.from[contiguous] != 1) ++contiguous;
    w.move_last(contiguous);
    share_first_axis(w, w.rank == 2 ? 16 : 1, [&](const AxisOrder& part, std::int64_t from, std::int64_t to) {
      permute_tiles<accumulate>(part, y.data<T>() + to, x.data<T>() + from);
    });
  });
}

}  // namespace

ops::Permute::Permute(std::span<const int> axes) : rank(static_cast<int>(axes.size())) {
  bool seen[Shape::max_rank] = {};
  bool good = axes.size() <= Shape::max_rank;
  for (std::size_t k = 0; good && k < axes.size(); ++k) {
    good = axes[k] >= 0 && axes[k] < rank && !seen[axes[k]];
    if (good) {
      seen[axes[k]] = true;
      order[k] = axes[k];
    }
  }
  if (good) return;
  std::string text;
  for (const int axis : axes) text += (text.empty() ? "" : ", ") + std::to_string(axis);
  throw std::invalid_argument(fmt::format("permute: order ({}), expected every axis from 0 on once", text));
}

ops::Permute ops::Permute::inverse() const {
  ops::Permute other = *this;
  for (int k = 0; k < rank; ++k) other.order[static_cast<std::size_t>(order[static_cast<std::size_t>(k)])] = k;
  return other;
}

Shape ops::Permute::shape(Inputs in) const {
  if (in[0].shape().rank() != rank)
    throw std::invalid_argument(fmt::format("permute: {} by an order of {} axes", in[0].shape().to_string(), rank));
  Shape result;
  for (int k = 0; k < rank; ++k) result.append(in[0].shape()[order[static_cast<std::size_t>(k)]]);
  return result;
}

void ops::Permute::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  if (out.size() == 0) return;
  const std::span<const int> axes(order.data(), static_cast<std::size_t>(rank));
  if (axis_order(in[0].shape(), axes).rank <= 1) return kernels::copy(out, accumulate, in[0]);
  if (accumulate)
    permute_into<true>(out, in[0], axes);
  else
    permute_into<false>(out, in[0], axes);
}

template class Operation<ops::Permute>;

}  // namespace gradus
