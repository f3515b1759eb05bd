// The weights of scaled dot-product attention (Vaswani et al. 2017): a softmax fused with the scale and the causal
// mask.
#pragma once

#include "autodiff/operations/normalization.h"

namespace gradus {

namespace ops {
struct AttentionWeightsDerivative;
struct AttentionWeights;
}  // namespace ops

// z = c y (g - sum(g y)) along the last axis: the derivative of attention_weights where y is their value, whose rows
// add up to 1, and c their scale.
struct ops::AttentionWeightsDerivative : Elementwise<ops::AttentionWeightsDerivative> {  // operands g, y
  static constexpr const char* title = "attention_weights_derivative";
  double factor;
  explicit AttentionWeightsDerivative(double c) : factor(c) {}
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(AttentionWeightsDerivative{factor}, s.dy(), s.in(1)); });
    s.to(1, [&] {
      const auto u = s.dy(), g = s.in(0), y = s.in(1);
      return scale(sub(mul(u, sub(g, row_sum(mul(g, y)))), mul(g, row_sum(mul(u, y)))), factor);
    });
  }
};

// y = softmax(c x) along the last axis of x[.., queries, keys]. Causal: a query sees the keys up to its own position,
// counted from the end if there are more keys than queries; the weights of the others are 0.
struct ops::AttentionWeights : Operation<ops::AttentionWeights> {
  static constexpr const char* title = "attention_weights";
  double factor;
  bool causal;
  AttentionWeights(double c, bool hide_later) : factor(c), causal(hide_later) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(AttentionWeightsDerivative{factor}, s.dy(), s.out()); });
  }
};
auto attention_weights(const Term auto& scores, double factor, bool causal) {
  return apply(ops::AttentionWeights{factor, causal}, scores);
}

extern template class Operation<ops::AttentionWeightsDerivative>;
extern template class Operation<ops::AttentionWeights>;

}  // namespace gradus
