// Sums, means and maxima over axes.
#pragma once

#include "autodiff/operations/arithmetic.h"
#include "autodiff/operations/shaping.h"

namespace gradus {

namespace ops {
struct MeanTo;
struct TakeAtMax;
struct PutAtMax;
struct Max;
}  // namespace ops

// The sum of all elements, a scalar.
auto sum(const Term auto& x) { return sum_to(x, Shape{}); }
// The sum over some axes, which are dropped or kept with extent 1.
Var sum(const Var& x, std::initializer_list<int> axes, bool keep_axes = false);

// y = the mean of x over the axes along which `target` has extent 1 or which it lacks in front; of finite numbers it is
// finite.  dx = dy / n repeated
struct ops::MeanTo : Operation<ops::MeanTo> {
  static constexpr const char* title = "mean_to";
  static constexpr Reads rule_reads = Reads::nothing;
  Shape target;
  explicit MeanTo(const Shape& shape) : target(shape) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    const double share = static_cast<double>(target.size()) / static_cast<double>(s.shape(0).size());
    s.to(0, [&] { return broadcast_to(scale(s.dy(), share), s.shape(0)); });
  }
};

// The mean of all elements, and over some axes. Throws for a tensor without elements.
Var mean(const Var& x);
Var mean(const Var& x, std::initializer_list<int> axes, bool keep_axes = false);

// y = u at the place of the largest element of x along an axis (the first, if there are several; NaN is the
// largest); the axis keeps extent 1.
struct ops::TakeAtMax : Operation<ops::TakeAtMax> {
  static constexpr const char* title = "take_at_max";
  int axis;
  explicit TakeAtMax(int along) : axis(along) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const;
};

// Zeros of x's shape, with g at the places of the largest elements of x along an axis.
struct ops::PutAtMax : Operation<ops::PutAtMax> {
  static constexpr const char* title = "put_at_max";
  int axis;
  explicit PutAtMax(int along) : axis(along) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(TakeAtMax{axis}, s.dy(), s.in(1)); });
  }
};
void ops::TakeAtMax::vjp(auto& s) const {
  s.to(0, [&] { return apply(ops::PutAtMax{axis}, s.dy(), s.in(1)); });
}

// The maximum along an axis: y of x's shape without the axis, or with extent 1; NaN if there is one. The derivative
// goes to the first maximum.
struct ops::Max : Operation<ops::Max> {
  static constexpr const char* title = "max";
  int axis;
  explicit Max(int along) : axis(along) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(PutAtMax{axis}, s.dy(), s.in(0)); });
  }
};
Var max(const Var& x, int axis, bool keep_axis = false);

extern template class Operation<ops::MeanTo>;
extern template class Operation<ops::TakeAtMax>;
extern template class Operation<ops::PutAtMax>;
extern template class Operation<ops::Max>;

}  // namespace gradus
