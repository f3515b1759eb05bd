#include "autodiff/operations/selection.h"

#include "autodiff/kernels/loops.h"

namespace gradus {
namespace {

void select_into(const Tensor& y, bool accumulate, const Tensor& x, const Tensor& condition, bool wanted) {
  if (wanted)
    kernels::broadcast(
        y, accumulate, []<class T>(T v, T c) { return c != 0 ? v : T{0}; }, x, condition);
  else
    kernels::broadcast(
        y, accumulate, []<class T>(T v, T c) { return c != 0 ? T{0} : v; }, x, condition);
}

}  // namespace

Shape ops::Select::shape(Inputs in) const { return kernels::broadcast_shape(title, in[0].shape(), in[1].shape()); }
void ops::Select::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  select_into(out, accumulate, in[0], in[1], wanted);
}

Shape ops::Where::shape(Inputs in) const {
  return kernels::broadcast_shape(title, in[0].shape(), kernels::broadcast_shape(title, in[1].shape(), in[2].shape()));
}
void ops::Where::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  select_into(out, accumulate, in[1], in[0], true);
  select_into(out, true, in[2], in[0], false);
}

Shape ops::Greater::shape(Inputs in) const { return kernels::broadcast_shape(title, in[0].shape(), in[1].shape()); }
void ops::Greater::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::broadcast(
      out, accumulate, []<class T>(T a, T b) { return a > b ? T{1} : T{0}; }, in[0], in[1]);
}

template class Operation<ops::Select>;
template class Operation<ops::Where>;
template class Operation<ops::Greater>;

}  // namespace gradus
