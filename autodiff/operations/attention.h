// Scaled dot-product attention with several heads (Vaswani et al. 2017) in one node. The weights [.., queries, keys]
// are never stored: the derivative computes them again, a block of queries at a time (Dao et al. 2022 do so on GPUs).
#pragma once

#include "autodiff/operations/attention_weights.h"
#include "autodiff/operations/batch_matmul.h"
#include "autodiff/operations/permute.h"

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
  // [3, batch, heads, time, share], and back.
  template <Term X>
  auto split(const X& y) const {
    const Shape x = y.shape(), head = one(x);
    return permute(reshape(y, {x[0], x[1], 3, heads, head[3]}), {2, 0, 3, 1, 4});
  }
  template <Term Q, Term K, Term V>
  auto join(const Q& q, const K& k, const V& v, const Shape& x) const {
    const Shape head = one(x);
    const auto all = reshape(apply(ops::Concatenate{0}, q, k, v), {3, x[0], heads, x[1], head[3]});
    return reshape(permute(all, {1, 3, 0, 2, 4}), x);
  }
};

// The derivative of attention at a cotangent g[batch, time, width], of x's shape.
struct ops::AttentionDerivative : Operation<ops::AttentionDerivative> {  // operands g, x
  static constexpr const char* title = "attention_derivative";
  static constexpr bool may_overwrite = true;  // head by head, over x
  AttentionHeads of;
  explicit AttentionDerivative(const AttentionHeads& heads) : of(heads) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  // With P the weights, S the scores and D for what arrives at them in the sweep back:
  //   DP = g v^T,  DS = derivative of the weights at DP;  results DS k, DS^T q, P^T g with cotangents uq, uk, uv.
  void vjp(auto& s) const {
    const Shape x = s.shape(1), rows = s.shape(0), head = of.one(x);
    const auto share = [&](const auto& all, int k) { return computed(part(all, k * head.size(), head)); };
    const auto weights_derivative = [&](const auto& g, const auto& y) {
      return computed(apply(ops::AttentionWeightsDerivative{of.factor}, g, y));
    };
    const auto in = computed(of.split(s.in(1))), u = computed(of.split(s.dy()));
    const auto q = share(in, 0), k = share(in, 1), v = share(in, 2), uq = share(u, 0), uk = share(u, 1),
               uv = share(u, 2);
    const auto g = computed(permute(reshape(s.in(0), {x[0], x[1], of.heads, head[3]}), {0, 2, 1, 3}));

    const auto weights = computed(attention_weights(batch_matmul(q, k, false, true), of.factor, of.causal));
    const auto to_weights = computed(batch_matmul(g, v, false, true)),
               to_scores = weights_derivative(to_weights, weights);
    // The cotangents of DS and of DP.
    const auto a = computed(add(batch_matmul(uq, k, false, true), batch_matmul(q, uk, false, true)));
    const auto b = weights_derivative(a, weights);
    s.to(0, [&] { return reshape(permute(add(batch_matmul(b, v), batch_matmul(weights, uv)), {0, 2, 1, 3}), rows); });
    s.to(1, [&] {
      // Each has the scores' size, of which there would be a dozen: they are given back when e, the cotangent of S, is
      // there.
      const auto cotangent_of_scores = [&] {
        const auto along_a = computed(row_sum(mul(a, weights))), along_to = computed(row_sum(mul(to_weights, weights)));
        const auto through_softmax = computed(sub(mul(a, sub(to_weights, along_to)), mul(to_weights, along_a)));
        return weights_derivative(add(batch_matmul(g, uv, false, true), scale(through_softmax, of.factor)), weights);
      };
      const auto e = cotangent_of_scores();
      const auto of_q = computed(add(batch_matmul(to_scores, uk), batch_matmul(e, k)));
      const auto of_k = computed(add(batch_matmul(to_scores, uq, true), batch_matmul(e, q, true)));
      return of.join(of_q, of_k, batch_matmul(b, g, true), x);
    });
  }
};

// y[batch, time, width]: for each head, softmax(factor q k^T) v.
struct ops::Attention : Operation<ops::Attention> {
  static constexpr const char* title = "attention";
  static constexpr Reads rule_reads = Reads::operands;
  AttentionHeads of;
  explicit Attention(const AttentionHeads& heads) : of(heads) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return apply(AttentionDerivative{of}, s.dy(), s.in(0)); });
  }
};
// x[batch, time, 3 width]: queries, keys and values of all heads; `heads` divides the width.
auto attention(const Term auto& x, std::int64_t heads, double factor, bool causal) {
  return apply(ops::Attention{{heads, factor, causal}}, x);
}

extern template class Operation<ops::AttentionDerivative>;
extern template class Operation<ops::Attention>;

}  // namespace gradus
