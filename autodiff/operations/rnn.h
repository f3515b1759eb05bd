// The simple recurrent network over time (Elman 1990):  h(t) = a(x(t) + h(t-1) w), with a = tanh or relu.
#pragma once

#include "autodiff/operations/activations.h"
#include "autodiff/operations/matmul.h"
#include "autodiff/operations/shaping.h"

namespace gradus {

namespace ops {
struct RnnDerivative;
struct Rnn;
}  // namespace ops

// Where things lie in the states h[steps + 1, batch, hidden], h(0) first, and in the list of derivatives. Steps count
// from 1.
struct RnnLayout {
  std::int64_t steps, batch, hidden;
  bool rectified;  // a = relu

  std::int64_t cell_size() const { return batch * hidden; }
  Shape cell() const { return {batch, hidden}; }
  Shape states() const { return {steps + 1, batch, hidden}; }
  std::int64_t h(std::int64_t t) const { return t * cell_size(); }

  // The derivatives: of x[steps, batch, hidden], of h(0); then dh[steps, batch, hidden], all that arrives at h(t).
  Shape derivatives() const { return {2 * steps + 1, batch, hidden}; }
  std::int64_t dx(std::int64_t t) const { return (t - 1) * cell_size(); }
  std::int64_t dh0() const { return steps * cell_size(); }
  std::int64_t dh(std::int64_t t) const { return (steps + t) * cell_size(); }
};

// The sweep back through time, from a cotangent of the states to the list of derivatives.
struct ops::RnnDerivative : Operation<ops::RnnDerivative> {  // operands cotangent, states, w
  static constexpr const char* title = "rnn_derivative";
  RnnLayout at;
  explicit RnnDerivative(const RnnLayout& layout) : at(layout) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  // The derivative of the sweep back is a sweep forth: what arrives at dh(t-1) has come from step t.
  void vjp(auto& s) const {
    using Item = decltype(s.dy());
    const Shape cotangent = s.shape(0), states = s.shape(1);
    Item to_dh = computed(part(s.dy(), at.dh0(), at.cell()));
    for (std::int64_t t = 0;; ++t) {
      s.to(0, [&] { return put_part(to_dh, at.h(t), cotangent); });
      if (t == at.steps) break;

      const std::int64_t next = t + 1;
      const Item h = computed(part(s.in(1), at.h(next), at.cell())),
                 dh = computed(part(s.out(), at.dh(next), at.cell()));
      s.to(2, [&] { return matmul(to_dh, part(s.out(), at.dx(next), at.cell()), true); });
      const Item u = computed(add(part(s.dy(), at.dx(next), at.cell()), matmul(to_dh, s.in(2))));
      const Item more = computed(part(s.dy(), at.dh(next), at.cell()));
      if (at.rectified) {
        to_dh = computed(add(apply(ops::ReluGate{}, u, h), more));
      } else {
        s.to(1, [&] { return put_part(scale(mul(mul(u, dh), h), -2), at.h(next), states); });
        to_dh = computed(add(apply(ops::TanhDerivative{}, u, h), more));
      }
    }
  }
};

struct ops::Rnn : Operation<ops::Rnn> {  // operands x[steps, batch, hidden], w[hidden, hidden], h(0)
  static constexpr const char* title = "rnn";
  RnnLayout at;
  explicit Rnn(const RnnLayout& layout) : at(layout) {}
  Shape shape(Inputs) const { return at.states(); }
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    const std::int64_t rows = at.steps * at.batch;
    const auto d = computed(apply(RnnDerivative{at}, s.dy(), s.out(), s.in(1)));
    s.to(0, [&] { return part(d, 0, {at.steps, at.batch, at.hidden}); });
    s.to(1, [&] { return matmul(part(s.out(), 0, {rows, at.hidden}), part(d, 0, {rows, at.hidden}), true); });
    s.to(2, [&] { return part(d, at.dh0(), at.cell()); });
  }
};

// The hidden states of all steps [steps, batch, hidden], and the one after the last step.
struct RnnResult {
  Var hidden, last_hidden;
};
// x is the input's share, bias included. Throws unless it is [steps, batch, hidden], w [hidden, hidden], h0 [batch,
// hidden], and steps is at least 1.
RnnResult rnn(const Var& x, const Var& w, const Var& h0, bool rectified = false);

extern template class Operation<ops::RnnDerivative>;
extern template class Operation<ops::Rnn>;

}  // namespace gradus
