// Scaled dot-product attention with several heads (Vaswani et al. 2017) in one node. The weights [.., queries, keys]
// are never stored: the derivative computes them again, a block of queries at a time (Dao et al. 2022 do so on GPUs).
#pragma once

#include "autodiff/operation.h"

namespace gradus {

namespace ops {
struct AttentionDerivative;
struct Attention;
}  // namespace ops

// How x[batch, time, 3 width] is made of heads: queries, keys and values, each of `heads` shares side by side.
struct AttentionHeads {
  std::int64_t heads;
  double factor;  // of the scores
  bool causal;    // a position sees itself and those before it

  std::int64_t width(const Shape& x) const { return x[2] / 3; }
  Shape one(const Shape& x) const { return {x[0], heads, x[1], width(x) / heads}; }
};

// The derivative of attention at a cotangent g[batch, time, width], of x's shape; operands g, x.
struct ops::AttentionDerivative : EagerOnly {
  static constexpr bool may_overwrite = true;  // head by head, over x
  AttentionHeads of;
  explicit AttentionDerivative(const AttentionHeads& heads) : of(heads) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const;
};

// The same in parts that can be differentiated again. A Hessian product then takes about 0.7 of the time that a rule
// for the fused derivative took, at 1.4 times the memory.
Var attention_derivative(const AttentionHeads& of, const Var& g, const Var& x);

// y[batch, time, width]: for each head, softmax(factor q k^T) v.
struct ops::Attention : Operation<ops::Attention> {
  static constexpr const char* title = "attention";
  static constexpr Reads rule_reads = Reads::operands;
  AttentionHeads of;
  explicit Attention(const AttentionHeads& heads) : of(heads) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    if constexpr (recording<Sweep>)
      s.to(0, [&] { return attention_derivative(of, s.dy(), s.in(0)); });
    else
      s.to_last(0, [&] { return apply(AttentionDerivative{of}, s.dy(), s.in(0)); });
  }
};
// x[batch, time, 3 width]: queries, keys and values of all heads; `heads` divides the width.
auto attention(const Term auto& x, std::int64_t heads, double factor, bool causal) {
  return apply(ops::Attention{{heads, factor, causal}}, x);
}

extern template class Operation<ops::Attention>;

}  // namespace gradus
