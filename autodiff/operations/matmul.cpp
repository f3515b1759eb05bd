#include "autodiff/operations/matmul.h"

#include "autodiff/kernels/loops.h"
#include "autodiff/kernels/products.h"

namespace gradus {

Shape MatMul::shape(Inputs in) const {
  const Shape &a = in[0].shape(), &b = in[1].shape();
  if (a.rank() != 2 || b.rank() != 2)
    throw std::invalid_argument("matmul: expected two matrices, got " + a.to_string() + " x " + b.to_string());
  if (a[transpose_a ? 0 : 1] != b[transpose_b ? 1 : 0])
    throw std::invalid_argument("matmul: inner dimensions differ: " + a.to_string() + (transpose_a ? "^T" : "") + " x " +
                                b.to_string() + (transpose_b ? "^T" : ""));
  return {a[transpose_a ? 1 : 0], b[transpose_b ? 0 : 1]};
}

void MatMul::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::matmul(out, accumulate, in[0], transpose_a, in[1], transpose_b);
}

Shape Affine::shape(Inputs in) const {
  const Shape &x = in[0].shape(), &w = in[1].shape(), &b = in[2].shape();
  if (x.rank() != 2 || w.rank() != 2 || x[1] != w[0] || b != Shape{w[1]})
    throw std::invalid_argument("affine: " + x.to_string() + " x " + w.to_string() + " + " + b.to_string() +
                                ", expected [m, k] x [k, n] + [n]");
  return {x[0], w[1]};
}
void Affine::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::broadcast(out, accumulate, [](auto b, auto) { return b; }, in[2], in[2]);
  kernels::matmul(out, true, in[0], false, in[1], false);
}

}  // namespace gradus
