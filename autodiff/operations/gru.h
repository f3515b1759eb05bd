// Gated recurrent units over time (Cho et al. 2014), as PyTorch and cuDNN define them: the reset gate acts after the
// product.
//
//   [r z q](t) = h(t-1) w;   r = sigmoid(x_r + r), z = sigmoid(x_z + z), m = q + b, n = tanh(x_n + r m)
//   h(t) = (1 - z) n + z h(t-1)
//
// x is the input's share of the gates, biases included, which one product makes for all steps at once. As with the
// LSTM, the record keeps what the derivative needs, and the states are a view of its beginning (see lstm.h).
#pragma once

#include "autodiff/operations/activations.h"
#include "autodiff/operations/matmul.h"
#include "autodiff/operations/shaping.h"

namespace gradus {

namespace ops {
struct GruDerivative;
struct GruRecord;
struct GruStates;
}  // namespace ops

// Where things lie in the record and in the list of derivatives. Steps count from 1; h(0) is the initial state.
struct GruLayout {
  std::int64_t steps, batch, hidden;

  std::int64_t cell_size() const { return batch * hidden; }
  Shape cell() const { return {batch, hidden}; }
  Shape gates() const { return {batch, 3 * hidden}; }

  // The record: h[steps + 1, batch, hidden], gates[steps, batch, 3 hidden] = r, z, n, and m[steps, batch, hidden].
  Shape states() const { return {steps + 1, batch, hidden}; }
  Shape record() const { return {(5 * steps + 1) * cell_size()}; }
  std::int64_t h(std::int64_t t) const { return t * cell_size(); }
  std::int64_t gates(std::int64_t t) const { return (steps + 1 + 3 * (t - 1)) * cell_size(); }
  std::int64_t m(std::int64_t t) const { return (4 * steps + t) * cell_size(); }

  // The derivatives: of x[steps, batch, 3 hidden], of the products h w likewise, of h(0); then dh[steps, batch,
  // hidden], all that arrives at h(t).
  Shape derivatives() const { return {(7 * steps + 1) * cell_size()}; }
  std::int64_t dx(std::int64_t t) const { return 3 * (t - 1) * cell_size(); }
  std::int64_t dp(std::int64_t t) const { return 3 * (steps + t - 1) * cell_size(); }
  std::int64_t dh0() const { return 6 * steps * cell_size(); }
  std::int64_t dh(std::int64_t t) const { return (6 * steps + t) * cell_size(); }
};

// The sweep back through time, from a cotangent of the states or of the whole record to the list of derivatives.
struct ops::GruDerivative : Operation<ops::GruDerivative> {  // operands cotangent, record, w
  static constexpr const char* title = "gru_derivative";
  GruLayout at;
  explicit GruDerivative(const GruLayout& layout) : at(layout) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  // The derivative of the sweep back is a sweep forth: what arrives at dh(t-1) has come from the gates of step t.
  void vjp(auto& s) const {
    using Item = decltype(s.dy());
    const std::int64_t width = at.hidden;
    const Shape cotangent = s.shape(0), record = s.shape(1);
    const bool of_record = cotangent == record;
    const auto gate = [width](const auto& x, int k) { return computed(slice(x, 1, k * width, width)); };
    const auto join = [](const auto& a, const auto& b, const auto& c) { return apply(ops::Concatenate{1}, a, b, c); };
    const auto sigmoid_slope = [](const auto& u, const auto& y) { return apply(ops::SigmoidDerivative{}, u, y); };
    const auto tanh_slope = [](const auto& u, const auto& y) { return apply(ops::TanhDerivative{}, u, y); };
    const auto one_less = [](const auto& y) { return add_scalar(neg(y), 1); };
    const auto one_less_twice = [](const auto& y) { return add_scalar(scale(y, -2), 1); };

    Item to_dh = computed(part(s.dy(), at.dh0(), at.cell()));
    for (std::int64_t t = 0;; ++t) {
      s.to(0, [&] { return put_part(to_dh, at.h(t), cotangent); });
      if (t == at.steps) break;

      const std::int64_t next = t + 1;
      const Item gates = computed(part(s.in(1), at.gates(next), at.gates())),
                 m = computed(part(s.in(1), at.m(next), at.cell()));
      const Item r = gate(gates, 0), z = gate(gates, 1), n = gate(gates, 2),
                 h = computed(part(s.in(1), at.h(t), at.cell()));
      const Item dx = computed(part(s.out(), at.dx(next), at.gates())),
                 dp = computed(part(s.out(), at.dp(next), at.gates()));
      const Item dn = gate(dx, 2), dh = computed(part(s.out(), at.dh(next), at.cell())), past = to_dh;

      s.to(2, [&] { return matmul(past, dp, true); });
      const Item ux = computed(part(s.dy(), at.dx(next), at.gates()));
      const Item up = computed(add(part(s.dy(), at.dp(next), at.gates()), matmul(past, s.in(2))));
      const Item ur = computed(add(gate(ux, 0), gate(up, 0))), uz = computed(add(gate(ux, 1), gate(up, 1))),
                 um = gate(up, 2);
      const Item vr = computed(sigmoid_slope(ur, r)), vz = computed(sigmoid_slope(uz, z));
      const Item un = computed(add(gate(ux, 2), add(mul(um, r), mul(vr, m)))), vn = computed(tanh_slope(un, n));
      if (of_record) {
        s.to(0, [&] { return put_part(join(vr, vz, vn), at.gates(next), cotangent); });
        s.to(0, [&] { return put_part(um, at.m(next), cotangent); });
      }

      s.to(1, [&] { return put_part(mul(vz, dh), at.h(t), record); });
      s.to(1, [&] { return put_part(mul(vr, dn), at.m(next), record); });
      s.to(1, [&] {
        // What arrived at each gate in the sweep back.
        Item to_r = computed(mul(dn, m)), to_z = computed(mul(dh, sub(h, n))), to_n = computed(mul(dh, one_less(z)));
        if (of_record) {
          const Item more = computed(part(s.in(0), at.gates(next), at.gates()));
          to_r = computed(add(to_r, gate(more, 0)));
          to_z = computed(add(to_z, gate(more, 1)));
          to_n = computed(add(to_n, gate(more, 2)));
        }
        return put_part(join(add(mul(um, dn), mul(mul(ur, to_r), one_less_twice(r))),
                             add(mul(sub(past, vn), dh), mul(mul(uz, to_z), one_less_twice(z))),
                             neg(add(mul(vz, dh), scale(mul(mul(un, to_n), n), 2)))),
                        at.gates(next), record);
      });
      to_dh = computed(
          add(add(mul(vn, one_less(z)), mul(vz, sub(h, n))), add(mul(past, z), part(s.dy(), at.dh(next), at.cell()))));
    }
  }
};

// Hands the derivatives to the operands x, w, b and h(0), which begin at operand `first`.
template <class Sweep, class Record>
void gru_vjp(Sweep& s, const GruLayout& at, const Record& record, int first) {
  const std::int64_t rows = at.steps * at.batch, n = at.hidden;
  const auto d = computed(apply(ops::GruDerivative{at}, s.dy(), record, s.in(first + 1)));
  const auto products = computed(part(d, at.dp(1), {rows, 3 * n}));
  s.to(first, [&] { return part(d, 0, {at.steps, at.batch, 3 * n}); });
  s.to(first + 1, [&] { return matmul(part(record, 0, {rows, n}), products, true); });
  s.to(first + 2, [&] { return sum_to(slice(products, 1, 2 * n, n), Shape{n}); });
  s.to(first + 3, [&] { return part(d, at.dh0(), at.cell()); });
}

struct ops::GruRecord
    : Operation<ops::GruRecord> {  // operands x[steps, batch, 3 hidden], w[hidden, 3 hidden], b[hidden], h(0)
  static constexpr const char* title = "gru_record";
  GruLayout at;
  explicit GruRecord(const GruLayout& layout) : at(layout) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const { gru_vjp(s, at, s.out(), 0); }
};

// h[steps + 1, batch, hidden]. A function of x, w, b and h(0); the record only saves computing it again.
struct ops::GruStates : Operation<ops::GruStates> {  // operands record, x, w, b, h(0)
  static constexpr const char* title = "gru_states";
  static constexpr bool is_view = true;
  GruLayout at;
  explicit GruStates(const GruLayout& layout) : at(layout) {}
  Shape shape(Inputs in) const;
  void* view(Inputs in) const { return in[0].raw(); }
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const { gru_vjp(s, at, s.in(0), 1); }
};

// The hidden states of all steps [steps, batch, hidden], and the one after the last step.
struct GruResult {
  Var hidden, last_hidden;
};
// Throws unless x is [steps, batch, 3 hidden], w [hidden, 3 hidden], b [hidden], h0 [batch, hidden], and steps is at
// least 1.
GruResult gru(const Var& x, const Var& w, const Var& b, const Var& h0);

extern template class Operation<ops::GruDerivative>;
extern template class Operation<ops::GruRecord>;
extern template class Operation<ops::GruStates>;

}  // namespace gradus
