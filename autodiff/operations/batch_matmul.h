// Many matrix products at once.
#pragma once

#include "autodiff/operation.h"

namespace gradus {

namespace ops {
struct BatchMatMul;
}  // namespace ops

// y[.., m, n] = op(a[.., m, k]) op(b[.., k, n]) for each position of the leading axes, which are equal; a flag says
// that the matrices of an operand are stored transposed.
struct ops::BatchMatMul : Operation<ops::BatchMatMul> {
  static constexpr const char* title = "batch_matmul";
  static constexpr Reads rule_reads = Reads::operands;
  bool transpose_a, transpose_b;
  explicit BatchMatMul(bool ta = false, bool tb = false) : transpose_a(ta), transpose_b(tb) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    const auto product = [](const auto& a, const auto& b, bool ta, bool tb) {
      return apply(BatchMatMul{ta, tb}, a, b);
    };
    s.to(0, [&] {
      return transpose_a ? product(s.in(1), s.dy(), transpose_b, true) : product(s.dy(), s.in(1), false, !transpose_b);
    });
    s.to(1, [&] {
      return transpose_b ? product(s.dy(), s.in(0), true, transpose_a) : product(s.in(0), s.dy(), !transpose_a, false);
    });
  }
};
auto batch_matmul(const Term auto& a, const Term auto& b, bool transpose_a = false, bool transpose_b = false) {
  return apply(ops::BatchMatMul{transpose_a, transpose_b}, a, b);
}

extern template class Operation<ops::BatchMatMul>;

}  // namespace gradus
