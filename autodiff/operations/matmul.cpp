#include "autodiff/operations/matmul.h"

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

}  // namespace gradus
