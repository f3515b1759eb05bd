// The matrix product, alone and with a bias.
#pragma once

#include "autodiff/operations/arithmetic.h"

namespace gradus {

namespace ops {
struct MatMul;
struct Affine;
}  // namespace ops

// y[m, n] = op(a) op(b), where op(a) is [m, k] and op(b) is [k, n]; a flag says that the operand is stored transposed.
struct ops::MatMul : Operation<ops::MatMul>, SharedOperands {
  static constexpr const char* title = "matmul";
  static constexpr Reads rule_reads = Reads::operands;
  bool transpose_a, transpose_b;
  explicit MatMul(bool ta = false, bool tb = false) : transpose_a(ta), transpose_b(tb) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  bool per_example(PerExample what, int operand, Inputs in, const Tensor& dy, const Tensor& out) const override;
  LayerUse as_layer(Inputs in) const override;
  void layer_inputs(Inputs in, std::int64_t first, const Tensor& out) const override;
  void vjp(auto& s) const {
    const auto product = [](const auto& a, const auto& b, bool ta, bool tb) { return apply(MatMul{ta, tb}, a, b); };
    s.to(0, [&] {
      return transpose_a ? product(s.in(1), s.dy(), transpose_b, true) : product(s.dy(), s.in(1), false, !transpose_b);
    });
    s.to(1, [&] {
      return transpose_b ? product(s.dy(), s.in(0), true, transpose_a) : product(s.in(0), s.dy(), !transpose_a, false);
    });
  }
};
auto matmul(const Term auto& a, const Term auto& b, bool transpose_a = false, bool transpose_b = false) {
  return apply(ops::MatMul{transpose_a, transpose_b}, a, b);
}

// y[m, n] = x w + b, with x[m, k], w[k, n] and b[n]: the product and the bias of a dense layer in one node.
struct ops::Affine : Operation<ops::Affine>, SharedOperands {
  static constexpr const char* title = "affine";
  static constexpr Reads rule_reads = Reads::operands;
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  bool per_example(PerExample what, int operand, Inputs in, const Tensor& dy, const Tensor& out) const override;
  LayerUse as_layer(Inputs in) const override;
  void layer_inputs(Inputs in, std::int64_t first, const Tensor& out) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return matmul(s.dy(), s.in(1), false, true); });
    s.to(1, [&] { return matmul(s.in(0), s.dy(), true, false); });
    s.to(2, [&] { return sum_to(s.dy(), s.shape(2)); });
  }
};
auto affine(const Term auto& x, const Term auto& w, const Term auto& b) { return apply(ops::Affine{}, x, w, b); }

extern template class Operation<ops::MatMul>;
extern template class Operation<ops::Affine>;

}  // namespace gradus
