#include "autodiff/operations/arithmetic.h"

#include <cmath>

#include "autodiff/kernels/loops.h"
#include "autodiff/kernels/math.h"

namespace gradus {

namespace {

// Throws unless broadcasting `small` to `large` gives `large`.
void require_broadcast(const char* operation, const Shape& small, const Shape& large) {
  if (kernels::broadcast_shape(operation, small, large) != large)
    bad_shapes(operation, {small, large}, "[..] that broadcasts to [..]");
}

}  // namespace

Shape ops::SumTo::shape(Inputs in) const {
  require_broadcast(title, target, in[0].shape());
  return target;
}
void ops::SumTo::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::sum_to(out, accumulate, in[0]);
}

Shape ops::BroadcastTo::shape(Inputs in) const {
  require_broadcast(title, in[0].shape(), target);
  return target;
}
void ops::BroadcastTo::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::broadcast(
      out, accumulate, [](auto x, auto) { return x; }, in[0], in[0]);
}

void ops::Scale::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const bool fits = out.dtype() == DType::float64 || (std::abs(factor) <= std::numeric_limits<float>::max() &&
                                                      std::abs(factor) >= std::numeric_limits<float>::min());
  if (fits || factor == 0 || !std::isfinite(factor))
    kernels::map(
        out, accumulate, [c = factor]<class T>(T x) { return static_cast<T>(c) * x; }, in[0]);
  else
    kernels::map(
        out, accumulate, [c = factor]<class T>(T x) { return static_cast<T>(c * static_cast<double>(x)); }, in[0]);
}

void ops::AddScalar::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, [c = constant]<class T>(T x) { return x + static_cast<T>(c); }, in[0]);
}

Shape ops::Add::shape(Inputs in) const { return kernels::broadcast_shape(title, in[0].shape(), in[1].shape()); }
void ops::Add::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::broadcast(
      out, accumulate, [](auto a, auto b) { return a + b; }, in[0], in[1]);
}

bool bias_per_example(PerExample what, const Shape& bias, const Tensor& dy, const Tensor& out) {
  const Shape& shape = dy.shape();
  if (bias.rank() >= shape.rank() || bias.size() == 0) return false;
  for (int axis = 1; axis <= bias.rank(); ++axis)
    if (bias[bias.rank() - axis] != shape[shape.rank() - axis]) return false;
  const std::int64_t n = shape[0], size = bias.size(), repeats = dy.size() / (n * size);
  if (what != PerExample::gradients && repeats != 1) return false;
  with_floating(dy.dtype(), [&]<class T>(T) {
    const T* from = dy.data<T>();
    T* to = out.data<T>();
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t r = 0; r < repeats; ++r, from += size)
        for (std::int64_t k = 0; k < size; ++k) {
          if (what == PerExample::gradients)
            to[i * size + k] += from[k];
          else if (what == PerExample::squared_norms)
            to[i] += from[k] * from[k];
          else
            to[k] += from[k] * from[k];
        }
  });
  return true;
}

bool ops::Add::per_example(PerExample what, int operand, Inputs in, const Tensor& dy, const Tensor& out) const {
  return bias_per_example(what, in[operand].shape(), dy, out);
}

Shape ops::Sub::shape(Inputs in) const { return kernels::broadcast_shape(title, in[0].shape(), in[1].shape()); }
void ops::Sub::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::broadcast(
      out, accumulate, [](auto a, auto b) { return a - b; }, in[0], in[1]);
}

Shape ops::Mul::shape(Inputs in) const { return kernels::broadcast_shape(title, in[0].shape(), in[1].shape()); }
void ops::Mul::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::broadcast(
      out, accumulate, [](auto a, auto b) { return a * b; }, in[0], in[1]);
}

Shape ops::Div::shape(Inputs in) const { return kernels::broadcast_shape(title, in[0].shape(), in[1].shape()); }
void ops::Div::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::broadcast(
      out, accumulate, [](auto a, auto b) { return a / b; }, in[0], in[1]);
}

Shape ops::Ratio::shape(Inputs in) const { return kernels::broadcast_shape(title, in[0].shape(), in[1].shape()); }
void ops::Ratio::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const auto value = []<class T>(T a, T b) { return b != 0 ? a / b : math::zero_or_nan(a); };
  kernels::broadcast(out, accumulate, value, in[0], in[1]);
}

Shape ops::WeightedBy::shape(Inputs in) const { return kernels::broadcast_shape(title, in[0].shape(), in[1].shape()); }
void ops::WeightedBy::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::broadcast(
      out, accumulate, []<class T>(T a, T b) { return math::weighted_by(a, b); }, in[0], in[1]);
}

Shape ops::Compare::shape(Inputs in) const { return kernels::broadcast_shape(title, in[0].shape(), in[1].shape()); }
void ops::Compare::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const auto sign = []<class T>(T a, T b) {
    return a > b ? T{1} : a < b ? T{-1} : math::zero_or_nan(a) + math::zero_or_nan(b);
  };
  kernels::broadcast(out, accumulate, sign, in[0], in[1]);
}

Shape ops::WherePositive::shape(Inputs in) const {
  require_equal_shapes(title, in[0].shape(), in[1].shape());
  return in[0].shape();
}
void ops::WherePositive::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, []<class T>(T g, T d) { return d > 0    ? g
                                                      : d == 0 ? g / 2
                                                               : math::zero_or_nan(d); }, in[0],
      in[1]);
}

Shape ops::Maximum::shape(Inputs in) const { return kernels::broadcast_shape(title, in[0].shape(), in[1].shape()); }
void ops::Maximum::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::broadcast(
      out, accumulate, [](auto a, auto b) { return math::larger(a, b); }, in[0], in[1]);
}

template class Operation<ops::SumTo>;
template class Operation<ops::BroadcastTo>;
template class Operation<ops::Scale>;
template class Operation<ops::AddScalar>;
template class Operation<ops::Add>;
template class Operation<ops::Sub>;
template class Operation<ops::Mul>;
template class Operation<ops::Div>;
template class Operation<ops::Ratio>;
template class Operation<ops::WeightedBy>;
template class Operation<ops::Compare>;
template class Operation<ops::WherePositive>;
template class Operation<ops::Maximum>;

}  // namespace gradus
