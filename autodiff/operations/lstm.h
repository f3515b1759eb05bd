// Long short-term memory over time (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000).
//
//   [i f g o](t) = x(t) v + b + h(t-1) w        i, f, o: sigmoid, g: tanh
//   c(t) = f c(t-1) + i g,   h(t) = o tanh c(t)
//
// The input's share of the gates is one product for all steps at once, in the place where the gates come to lie. Two
// nodes hold the result: the record keeps what the derivative needs, and the states are a view of its beginning. A
// cotangent of the states, which is all there is at first order, thus has no part for the gates; one of the record,
// which arises at second order, has.
#pragma once

#include "autodiff/operations/activations.h"
#include "autodiff/operations/matmul.h"
#include "autodiff/operations/shaping.h"

namespace gradus {

namespace ops {
struct LstmDerivative;
struct LstmSweepForth;
struct LstmRecord;
struct LstmStates;
}  // namespace ops

// Where things lie in the record and in the list of derivatives. Steps count from 1; h(0) and c(0) are the initial
// states.
struct LstmLayout {
  std::int64_t steps, batch, hidden;
  std::int64_t rows() const { return steps * batch; }

  std::int64_t cell_size() const { return batch * hidden; }
  Shape cell() const { return {batch, hidden}; }
  Shape gates() const { return {batch, 4 * hidden}; }

  // The record: h[steps + 1, batch, hidden], c likewise, gates[steps, batch, 4 hidden].
  Shape states() const { return {2, steps + 1, batch, hidden}; }
  Shape record() const { return {states().size() + 4 * steps * cell_size()}; }
  std::int64_t h(std::int64_t t) const { return t * cell_size(); }
  std::int64_t c(std::int64_t t) const { return (steps + 1 + t) * cell_size(); }
  std::int64_t gates(std::int64_t t) const { return (2 * (steps + 1) + 4 * (t - 1)) * cell_size(); }

  // The derivatives: of the gates before their functions [steps, batch, 4 hidden], of h(0), of c(0); then dh[steps,
  // batch, hidden] and dc likewise, all that arrives at h(t) and at c(t).
  Shape derivatives() const { return {(6 * steps + 2) * cell_size()}; }
  std::int64_t dx(std::int64_t t) const { return 4 * (t - 1) * cell_size(); }
  std::int64_t dh0() const { return 4 * steps * cell_size(); }
  std::int64_t dc0() const { return dh0() + cell_size(); }
  std::int64_t dh(std::int64_t t) const { return dh0() + (1 + t) * cell_size(); }
  std::int64_t dc(std::int64_t t) const { return dh(steps) + t * cell_size(); }
};

// The derivatives of LstmDerivative at a cotangent of its list, one after the other: of its own cotangent, and of the
// record. Through time in one pass, where the rule below says the same in parts.
struct ops::LstmSweepForth : EagerOnly {  // operands dy, cotangent, record, w, derivatives
  LstmLayout at;
  explicit LstmSweepForth(const LstmLayout& layout) : at(layout) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const;
};

// The sweep back through time, from a cotangent of the states or of the whole record to the list of derivatives.
struct ops::LstmDerivative : Operation<ops::LstmDerivative> {  // operands cotangent, record, w
  static constexpr const char* title = "lstm_derivative";
  LstmLayout at;
  explicit LstmDerivative(const LstmLayout& layout) : at(layout) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  // The derivative of the sweep back is a sweep forth: what arrives at dh(t-1) and dc(t-1) has come from the gates of
  // step t.
  template <class Sweep>
  void vjp(Sweep& s) const {
    using Item = decltype(s.dy());
    const std::int64_t n = at.hidden;
    const Shape cotangent = s.shape(0), record = s.shape(1);
    if constexpr (!recording<Sweep>) {
      const auto d = computed(apply(LstmSweepForth{at}, s.dy(), s.in(0), s.in(1), s.in(2), s.out()));
      s.to(0, [&] { return part(d, 0, cotangent); });
      s.to(1, [&] { return part(d, cotangent.size(), record); });
      s.to(2, [&] { return matmul(part(d, 0, {at.rows(), n}), part(s.out(), 0, {at.rows(), 4 * n}), true); });
      return;
    }
    const bool of_record = cotangent == record;
    const auto gate = [n](const auto& x, int k) { return computed(slice(x, 1, k * n, n)); };
    const auto join = [](const auto& i, const auto& f, const auto& g, const auto& o) {
      return apply(ops::Concatenate{1}, i, f, g, o);
    };
    const auto sigmoid_slope = [](const auto& u, const auto& y) { return apply(ops::SigmoidDerivative{}, u, y); };
    const auto tanh_slope = [](const auto& u, const auto& y) { return apply(ops::TanhDerivative{}, u, y); };
    const auto one_less_twice = [](const auto& y) { return add_scalar(scale(y, -2), 1); };

    Item to_dh = computed(part(s.dy(), at.dh0(), at.cell())), to_dc = computed(part(s.dy(), at.dc0(), at.cell()));
    for (std::int64_t t = 0;; ++t) {
      s.to(0, [&] { return put_part(to_dh, at.h(t), cotangent); });
      s.to(0, [&] { return put_part(to_dc, at.c(t), cotangent); });
      if (t == at.steps) break;

      const std::int64_t next = t + 1;
      const Item gates = computed(part(s.in(1), at.gates(next), at.gates())),
                 dx = computed(part(s.out(), at.dx(next), at.gates()));
      const Item i = gate(gates, 0), f = gate(gates, 1), g = gate(gates, 2), o = gate(gates, 3);
      const Item before = computed(part(s.in(1), at.c(t), at.cell())),
                 y = computed(tanh(part(s.in(1), at.c(next), at.cell())));
      const Item dh = computed(part(s.out(), at.dh(next), at.cell())),
                 dc = computed(part(s.out(), at.dc(next), at.cell()));

      s.to(2, [&] { return matmul(to_dh, dx, true); });
      const Item u = computed(add(part(s.dy(), at.dx(next), at.gates()), matmul(to_dh, s.in(2))));
      const Item ui = gate(u, 0), uf = gate(u, 1), ug = gate(u, 2), uo = gate(u, 3);
      const Item vi = computed(sigmoid_slope(ui, i)), vf = computed(sigmoid_slope(uf, f));
      const Item vg = computed(tanh_slope(ug, g)), vo = computed(sigmoid_slope(uo, o));
      const Item w = computed(add(add(add(mul(vi, g), mul(vf, before)), add(mul(vg, i), mul(to_dc, f))),
                                  part(s.dy(), at.dc(next), at.cell())));
      if (of_record) s.to(0, [&] { return put_part(join(vi, vf, vg, vo), at.gates(next), cotangent); });

      s.to(1, [&] { return put_part(mul(vf, dc), at.c(t), record); });
      s.to(1, [&] {
        const auto through_tanh = sub(mul(vo, dh), scale(mul(mul(w, dh), mul(o, y)), 2));
        return put_part(tanh_slope(through_tanh, y), at.c(next), record);
      });
      s.to(1, [&] {
        // What arrived at each gate in the sweep back.
        Item di = computed(mul(dc, g)), df = computed(mul(dc, before)), dg = computed(mul(dc, i)),
             d_o = computed(mul(dh, y));
        if (of_record) {
          const Item more = computed(part(s.in(0), at.gates(next), at.gates()));
          di = computed(add(di, gate(more, 0)));
          df = computed(add(df, gate(more, 1)));
          dg = computed(add(dg, gate(more, 2)));
          d_o = computed(add(d_o, gate(more, 3)));
        }
        return put_part(join(add(mul(mul(ui, di), one_less_twice(i)), mul(vg, dc)),
                             add(mul(mul(uf, df), one_less_twice(f)), mul(to_dc, dc)),
                             add(scale(mul(mul(ug, dg), g), -2), mul(vi, dc)),
                             add(mul(mul(uo, d_o), one_less_twice(o)), tanh_slope(mul(w, dh), y))),
                        at.gates(next), record);
      });
      to_dh = computed(add(add(tanh_slope(mul(w, o), y), mul(vo, y)), part(s.dy(), at.dh(next), at.cell())));
      to_dc = w;
    }
  }
};

// Hands the derivatives to the operands x, v, b, w, h(0) and c(0), which begin at operand `first`.
template <class Sweep, class Record>
void lstm_vjp(Sweep& s, const LstmLayout& at, const Record& record, int first) {
  const auto d = computed(apply(ops::LstmDerivative{at}, s.dy(), record, s.in(first + 3)));
  const auto gates = computed(part(d, 0, {at.rows(), 4 * at.hidden}));
  s.to(first, [&] { return reshape(matmul(gates, s.in(first + 1), false, true), s.shape(first)); });
  s.to(first + 1, [&] { return matmul(reshape(s.in(first), {at.rows(), s.shape(first)[2]}), gates, true); });
  s.to(first + 2, [&] { return sum_to(gates, s.shape(first + 2)); });
  s.to(first + 3, [&] { return matmul(part(record, 0, {at.rows(), at.hidden}), gates, true); });
  s.to(first + 4, [&] { return part(d, at.dh0(), at.cell()); });
  s.to(first + 5, [&] { return part(d, at.dc0(), at.cell()); });
}

// Operands x[steps, batch, in], v[in, 4 hidden], b[4 hidden], w[hidden, 4 hidden], h(0), c(0).
struct ops::LstmRecord : Operation<ops::LstmRecord> {
  static constexpr const char* title = "lstm_record";
  LstmLayout at;
  explicit LstmRecord(const LstmLayout& layout) : at(layout) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const { lstm_vjp(s, at, s.out(), 0); }
};

// [2, steps + 1, batch, hidden]: h and c. A function of x, v, b, w, h(0) and c(0); the record only saves computing it
// again.
struct ops::LstmStates : Operation<ops::LstmStates> {  // operands record, x, v, b, w, h(0), c(0)
  static constexpr const char* title = "lstm_states";
  static constexpr bool is_view = true;
  LstmLayout at;
  explicit LstmStates(const LstmLayout& layout) : at(layout) {}
  Shape shape(Inputs in) const;
  void* view(Inputs in) const { return in[0].raw(); }
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const { lstm_vjp(s, at, s.in(0), 1); }
};

// What a recurrent layer gives: the hidden states of all steps [steps, batch, hidden], and the states after the last
// one.
struct LstmResult {
  Var hidden, last_hidden, last_cell;
};
// Throws unless x is [steps, batch, in], v [in, 4 hidden], b [4 hidden], w [hidden, 4 hidden], h0 and c0
// [batch, hidden], and steps is at least 1.
LstmResult lstm(const Var& x, const Var& v, const Var& b, const Var& w, const Var& h0, const Var& c0);

extern template class Operation<ops::LstmDerivative>;
extern template class Operation<ops::LstmRecord>;
extern template class Operation<ops::LstmStates>;

}  // namespace gradus
