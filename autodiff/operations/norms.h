// Norms over all elements of a tensor. Where a norm has no derivative, at 0, these give 0, as PyTorch does; the second
// derivatives there are 0 too. NaN anywhere makes a norm NaN.
#pragma once

#include "autodiff/operations/reductions.h"
#include "autodiff/operations/selection.h"

namespace gradus {

namespace ops {
struct L2Norm;
}  // namespace ops

// y = sqrt(sum x^2), a scalar; squares that overflow or vanish do no harm.  dx = dy x / y, 0 where y is 0
struct ops::L2Norm : Operation<ops::L2Norm> {
  static constexpr const char* title = "l2_norm";
  Shape shape(Inputs) const { return {}; }
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return mul(s.dy(), ratio(s.in(0), s.out())); });
  }
};
auto l2_norm(const Term auto& x) { return apply(ops::L2Norm{}, x); }

// sum |x|
Var l1_norm(const Var& x);
// max |x|; the derivative goes to the first of the largest elements. Throws for a tensor without elements.
Var max_norm(const Var& x);

// x where the mask is 0, `value` where it is not, e.g. minus infinity before a softmax; the mask broadcasts to x.
Var masked_fill(const Var& x, const Var& mask, double value);

extern template class Operation<ops::L2Norm>;

}  // namespace gradus
