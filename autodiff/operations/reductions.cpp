#include "autodiff/operations/reductions.h"

#include "autodiff/kernels/write.h"

namespace gradus {
namespace {

struct Reduced {
  Shape kept, dropped;  // the result's shape with the axes at extent 1, and without them
};

Reduced reduce(const char* operation, const Shape& shape, std::initializer_list<int> axes) {
  bool over[Shape::max_rank] = {};
  for (const int axis : axes) over[checked_axis(operation, axis, shape)] = true;
  Reduced reduced;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    reduced.kept.append(over[axis] ? 1 : shape[axis]);
    if (!over[axis]) reduced.dropped.append(shape[axis]);
  }
  return reduced;
}

Shape with_one(const char* operation, int axis, Shape shape) {
  const int a = checked_axis(operation, axis, shape);
  if (shape[a] == 0) bad_shapes(operation, {shape}, "elements along the axis");
  shape[a] = 1;
  return shape;
}

// Calls f(element of x at the maximum, element of the reduced shape) for each line along the axis.
template <class T, class F>
void for_each_maximum(const Tensor& x, int axis, const F& f) {
  const Shape& shape = x.shape();
  const int a = axis < 0 ? axis + shape.rank() : axis;
  const std::int64_t outer = shape.size(0, a), n = shape[a], inner = shape.size(a + 1, shape.rank());
  const T* from = x.data<T>();
  for (std::int64_t o = 0; o < outer; ++o)
    for (std::int64_t i = 0; i < inner; ++i) {
      std::int64_t best = o * n * inner + i;
      for (std::int64_t k = 1; k < n; ++k) {
        const std::int64_t place = (o * n + k) * inner + i;
        if (from[place] > from[best] || (from[place] != from[place] && from[best] == from[best])) best = place;
      }
      f(best, o * inner + i);
    }
}

}  // namespace

Var sum(const Var& x, std::initializer_list<int> axes, bool keep_axes) {
  const Reduced reduced = reduce("sum", x.shape(), axes);
  const Var kept = sum_to(x, reduced.kept);
  return keep_axes ? kept : reshape(kept, reduced.dropped);
}

Shape ops::MeanTo::shape(Inputs in) const {
  const Shape kept = kernels::broadcast_shape(title, target, in[0].shape());
  if (kept != in[0].shape() || kept.size() == 0)
    bad_shapes("mean", {in[0].shape(), target}, "[..] with elements over a shape [..] that broadcasts to it");
  return target;
}
void ops::MeanTo::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::write(out, accumulate, [&](const Tensor& y) { kernels::mean_to(y, in[0]); });
}

Var mean(const Var& x) {
  if (x.shape().size() == 0) bad_shapes("mean", {x.shape()}, "elements");
  return apply(ops::MeanTo{Shape{}}, x);
}

Var mean(const Var& x, std::initializer_list<int> axes, bool keep_axes) {
  if (x.shape().size() == 0) bad_shapes("mean", {x.shape()}, "elements");
  const Reduced reduced = reduce("mean", x.shape(), axes);
  const Var kept = apply(ops::MeanTo{reduced.kept}, x);
  return keep_axes ? kept : reshape(kept, reduced.dropped);
}

Shape ops::TakeAtMax::shape(Inputs in) const {
  require_equal_shapes(title, in[0].shape(), in[1].shape());
  return with_one(title, axis, in[0].shape());
}
void ops::TakeAtMax::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  with_floating(out.dtype(), [&]<class T>(T) {
    T* y = out.data<T>();
    const T* u = in[0].data<T>();
    for_each_maximum<T>(in[1], axis,
                        [=](std::int64_t from, std::int64_t to) { y[to] = (accumulate ? y[to] : 0) + u[from]; });
  });
}

Shape ops::PutAtMax::shape(Inputs in) const {
  if (const Shape maxima = with_one(title, axis, in[1].shape()); in[0].shape() != maxima)
    bad_shapes(title, {in[0].shape()}, maxima.to_string() + " for the maxima of " + in[1].shape().to_string());
  return in[1].shape();
}
void ops::PutAtMax::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  if (!accumulate) out.fill(0);
  with_floating(out.dtype(), [&]<class T>(T) {
    T* y = out.data<T>();
    const T* g = in[0].data<T>();
    for_each_maximum<T>(in[1], axis, [=](std::int64_t to, std::int64_t from) { y[to] += g[from]; });
  });
}

Shape ops::Max::shape(Inputs in) const { return with_one(title, axis, in[0].shape()); }
void ops::Max::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  with_floating(out.dtype(), [&]<class T>(T) {
    T* y = out.data<T>();
    const T* x = in[0].data<T>();
    for_each_maximum<T>(in[0], axis,
                        [=](std::int64_t from, std::int64_t to) { y[to] = (accumulate ? y[to] : 0) + x[from]; });
  });
}

Var max(const Var& x, int axis, bool keep_axis) {
  const Reduced reduced = reduce("max", x.shape(), {axis});
  const Var kept = apply(ops::Max{axis}, x);
  return keep_axis ? kept : reshape(kept, reduced.dropped);
}

template class Operation<ops::MeanTo>;
template class Operation<ops::TakeAtMax>;
template class Operation<ops::PutAtMax>;
template class Operation<ops::Max>;

}  // namespace gradus
