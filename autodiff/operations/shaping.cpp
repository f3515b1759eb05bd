#include "autodiff/operations/shaping.h"

#include <fmt/format.h>

#include "autodiff/kernels/loops.h"

namespace gradus {
namespace {

// Copies `runs` runs of `length` elements between two buffers with their own distances between runs.
void copy_runs(DType type, void* to, std::int64_t to_stride, const void* from, std::int64_t from_stride,
               std::int64_t runs, std::int64_t length, bool accumulate) {
  with_floating(type, [&]<class T>(T) {
    T* __restrict y = static_cast<T*>(to);
    const T* __restrict x = static_cast<const T*>(from);
    const std::int64_t step = 1 + kernels::shared_elements / std::max<std::int64_t>(length, 1);
    kernels::share_ranges(runs, step, [=](std::int64_t first, std::int64_t end) {
      simd::run([=] GRADUS_LOOP() {
        for (std::int64_t r = first; r < end; ++r)
          if (accumulate)
            for (std::int64_t i = 0; i < length; ++i) y[r * to_stride + i] += x[r * from_stride + i];
          else
            for (std::int64_t i = 0; i < length; ++i) y[r * to_stride + i] = x[r * from_stride + i];
      });
    });
  });
}

void* element(const Tensor& tensor, std::int64_t i) {
  return static_cast<std::byte*>(tensor.raw()) + i * static_cast<std::int64_t>(size_of(tensor.dtype()));
}

}  // namespace

int checked_axis(const char* operation, int axis, const Shape& shape) {
  const int from_start = axis < 0 ? axis + shape.rank() : axis;
  if (from_start < 0 || from_start >= shape.rank())
    throw std::invalid_argument(fmt::format("{}: axis {} of {}", operation, axis, shape.to_string()));
  return from_start;
}

Shape ops::Reshape::shape(Inputs in) const {
  if (in[0].size() != target.size())
    throw std::invalid_argument(fmt::format("reshape: {} has {} elements, {} has {}", in[0].shape().to_string(),
                                            in[0].size(), target.to_string(), target.size()));
  return target;
}
void ops::Reshape::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::copy(out, accumulate, in[0]);
}

Shape ops::PutPart::shape(Inputs in) const {
  if (first < 0 || first + in[0].size() > whole.size())
    throw std::invalid_argument(fmt::format("put_part: {} from element {} on does not fit into {}",
                                            in[0].shape().to_string(), first, whole.to_string()));
  return whole;
}
void ops::PutPart::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const std::int64_t n = in[0].size(), end = first + n;
  if (!accumulate) {
    out.part(0, {first}).fill(0);
    out.part(end, {out.size() - end}).fill(0);
  }
  kernels::copy(out.part(first, {n}), accumulate, in[0]);
}

Shape ops::Part::shape(Inputs in) const {
  if (first < 0 || first + target.size() > in[0].size())
    throw std::invalid_argument(
        fmt::format("part: elements [{}, {}) of {}", first, first + target.size(), in[0].shape().to_string()));
  return target;
}
void* ops::Part::view(Inputs in) const { return element(in[0], first); }
void ops::Part::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::copy(out, accumulate, in[0].part(first, target));
}

void ops::StopGradient::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::copy(out, accumulate, in[0]);
}

Shape ops::Pad::shape(Inputs in) const {
  Shape shape = in[0].shape();
  const int a = checked_axis(title, axis, shape);
  if (first < 0 || first + shape[a] > extent)
    throw std::invalid_argument(
        fmt::format("pad: {} at {} along axis {} does not fit into extent {}", shape.to_string(), first, axis, extent));
  shape[a] = extent;
  return shape;
}
void ops::Pad::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  if (!accumulate) out.fill(0);
  const Shape& x = in[0].shape();
  const int a = checked_axis(title, axis, x);
  const std::int64_t inner = x.size(a + 1, x.rank());
  copy_runs(out.dtype(), element(out, first * inner), extent * inner, in[0].raw(), x[a] * inner, x.size(0, a),
            x[a] * inner, true);
}

Shape ops::Slice::shape(Inputs in) const {
  Shape shape = in[0].shape();
  const int a = checked_axis(title, axis, shape);
  if (first < 0 || count < 0 || first + count > shape[a])
    throw std::invalid_argument(
        fmt::format("slice: [{}, {}) along axis {} of {}", first, first + count, axis, shape.to_string()));
  shape[a] = count;
  return shape;
}
void ops::Slice::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const Shape& x = in[0].shape();
  const int a = checked_axis(title, axis, x);
  const std::int64_t inner = x.size(a + 1, x.rank());
  copy_runs(out.dtype(), out.raw(), count * inner, element(in[0], first * inner), x[a] * inner, x.size(0, a),
            count * inner, accumulate);
}

Shape ops::Concatenate::shape(Inputs in) const {
  Shape result = in[0].shape();
  const int a = checked_axis(title, axis, result);
  for (int i = 1; i < in.count; ++i) {
    Shape other = in[i].shape();
    const std::int64_t extent = other.rank() == result.rank() ? other[a] : 0;
    if (other.rank() == result.rank()) other[a] = result[a];
    if (other != result)
      throw std::invalid_argument(fmt::format("concatenate: shapes differ beside axis {}: {} and {}", axis,
                                              in[0].shape().to_string(), in[i].shape().to_string()));
    result[a] += extent;
  }
  return result;
}
void ops::Concatenate::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const Shape& y = out.shape();
  const int a = checked_axis(title, axis, y);
  const std::int64_t inner = y.size(a + 1, y.rank());
  std::int64_t first = 0;
  for (int i = 0; i < in.count; ++i) {
    const std::int64_t extent = in[i].shape()[a];
    copy_runs(out.dtype(), element(out, first * inner), y[a] * inner, in[i].raw(), extent * inner, y.size(0, a),
              extent * inner, accumulate);
    first += extent;
  }
}

Var concatenate(std::span<const Var> operands, int axis) {
  if (operands.empty()) throw std::invalid_argument("concatenate: no operands");
  return operands[0].tape().record(ops::Concatenate{axis}, operands);
}

template class Operation<ops::Reshape>;
template class Operation<ops::PutPart>;
template class Operation<ops::Part>;
template class Operation<ops::StopGradient>;
template class Operation<ops::Pad>;
template class Operation<ops::Slice>;
template class Operation<ops::Concatenate>;

}  // namespace gradus
