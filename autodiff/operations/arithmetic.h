// Element-wise arithmetic with broadcasting by NumPy's rule, and the sums that undo a broadcast.
#pragma once

#include "autodiff/layer_use.h"
#include "autodiff/operation.h"

namespace gradus {

namespace ops {
struct SumTo;
struct BroadcastTo;
struct Scale;
struct AddScalar;
struct Add;
struct Sub;
struct Mul;
struct Div;
struct Ratio;
struct WeightedBy;
struct Compare;
struct WherePositive;
struct Maximum;
}  // namespace ops

// y = x summed over the axes along which `target` has extent 1 or which it lacks in front.  dx = dy repeated
struct ops::SumTo : Operation<ops::SumTo> {
  static constexpr const char* title = "sum_to";
  static constexpr Reads rule_reads = Reads::nothing;
  Shape target;
  explicit SumTo(const Shape& shape) : target(shape) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return broadcast_to(s.dy(), s.shape(0)); });
  }
};
auto sum_to(const Term auto& x, const Shape& shape) { return apply(ops::SumTo{shape}, x); }

// y = x repeated to a larger shape.  dx = dy summed
struct ops::BroadcastTo : Operation<ops::BroadcastTo> {
  static constexpr const char* title = "broadcast_to";
  static constexpr Reads rule_reads = Reads::nothing;
  Shape target;
  explicit BroadcastTo(const Shape& shape) : target(shape) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return sum_to(s.dy(), s.shape(0)); });
  }
};
auto broadcast_to(const Term auto& x, const Shape& shape) { return apply(ops::BroadcastTo{shape}, x); }

// Hands `contribution`, which has the result's shape, to an operand that may have been broadcast.
template <class Sweep, class F>
void to_broadcast(Sweep& s, int i, const F& contribution) {
  if (s.shape(i) == s.dy().shape())
    s.to(i, contribution);
  else
    s.to(i, [&] { return sum_to(contribution(), s.shape(i)); });
}

// y = c x
struct ops::Scale : Operation<ops::Scale> {
  static constexpr const char* title = "scale";
  static constexpr bool may_overwrite = true;
  static constexpr Reads rule_reads = Reads::nothing;
  double factor;
  explicit Scale(double c) : factor(c) {}
  Shape shape(Inputs in) const { return in[0].shape(); }
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return apply(Scale{factor}, s.dy()); });
  }
};
auto scale(const Term auto& x, double factor) { return apply(ops::Scale{factor}, x); }
auto neg(const Term auto& x) { return scale(x, -1); }

// y = x + c
struct ops::AddScalar : Operation<ops::AddScalar> {
  static constexpr const char* title = "add_scalar";
  static constexpr bool may_overwrite = true;
  static constexpr Reads rule_reads = Reads::nothing;
  double constant;
  explicit AddScalar(double c) : constant(c) {}
  Shape shape(Inputs in) const { return in[0].shape(); }
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return s.dy(); });
  }
};
auto add_scalar(const Term auto& x, double constant) { return apply(ops::AddScalar{constant}, x); }

// y = a + b
struct ops::Add : Operation<ops::Add>, SharedOperands {
  static constexpr const char* title = "add";
  static constexpr bool may_overwrite = true;
  static constexpr Reads rule_reads = Reads::nothing;
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  bool per_example(PerExample what, int operand, Inputs in, const Tensor& dy, const Tensor& out) const override;
  void vjp(auto& s) const {
    to_broadcast(s, 0, [&] { return s.dy(); });
    to_broadcast(s, 1, [&] { return s.dy(); });
  }
};
auto add(const Term auto& a, const Term auto& b) { return apply(ops::Add{}, a, b); }

// PerExample quantities of a bias of the result's last axes: g_i is dy_i summed over the axes between.
bool bias_per_example(PerExample what, const Shape& bias, const Tensor& dy, const Tensor& out);

// y = a - b
struct ops::Sub : Operation<ops::Sub> {
  static constexpr const char* title = "sub";
  static constexpr bool may_overwrite = true;
  static constexpr Reads rule_reads = Reads::nothing;
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    to_broadcast(s, 0, [&] { return s.dy(); });
    to_broadcast(s, 1, [&] { return neg(s.dy()); });
  }
};
auto sub(const Term auto& a, const Term auto& b) { return apply(ops::Sub{}, a, b); }

// y = a b, element by element
struct ops::Mul : Operation<ops::Mul> {
  static constexpr const char* title = "mul";
  static constexpr bool may_overwrite = true;
  static constexpr Reads rule_reads = Reads::operands;
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    to_broadcast(s, 0, [&] { return mul(s.dy(), s.in(1)); });
    to_broadcast(s, 1, [&] { return mul(s.dy(), s.in(0)); });
  }
};
auto mul(const Term auto& a, const Term auto& b) { return apply(ops::Mul{}, a, b); }

// y = a / b.  da = dy / b,  db = -dy y / b
struct ops::Div : Operation<ops::Div> {
  static constexpr const char* title = "div";
  static constexpr bool may_overwrite = true;
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    to_broadcast(s, 0, [&] { return div(s.dy(), s.in(1)); });
    to_broadcast(s, 1, [&] { return neg(div(mul(s.dy(), s.out()), s.in(1))); });
  }
};
auto div(const Term auto& a, const Term auto& b) { return apply(ops::Div{}, a, b); }

// y = a / b, but 0 where b is 0: what a norm's derivative is made of.  da = dy / b,  db = -dy y / b, 0 there too
struct ops::Ratio : Operation<ops::Ratio> {
  static constexpr const char* title = "ratio";
  static constexpr bool may_overwrite = true;
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    to_broadcast(s, 0, [&] { return ratio(s.dy(), s.in(1)); });
    to_broadcast(s, 1, [&] { return neg(ratio(mul(s.dy(), s.out()), s.in(1))); });
  }
};
auto ratio(const Term auto& a, const Term auto& b) { return apply(ops::Ratio{}, a, b); }

// y = a b, but 0 where a is 0 and b infinite: what has no weight does not count, as in p ln p.
//   da = dy b,  db = dy a
struct ops::WeightedBy : Operation<ops::WeightedBy> {
  static constexpr const char* title = "weighted_by";
  static constexpr bool may_overwrite = true;
  static constexpr Reads rule_reads = Reads::operands;
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    to_broadcast(s, 0, [&] { return weighted_by(s.dy(), s.in(1)); });
    to_broadcast(s, 1, [&] { return mul(s.dy(), s.in(0)); });
  }
};
auto weighted_by(const Term auto& weight, const Term auto& x) { return apply(ops::WeightedBy{}, weight, x); }

// y = 1 where a > b, 0 where a = b, -1 where a < b, NaN where either is; no derivative flows through it.
struct ops::Compare : Operation<ops::Compare> {
  static constexpr const char* title = "compare";
  static constexpr bool may_overwrite = true;
  static constexpr Reads rule_reads = Reads::nothing;
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto&) const {}
};
auto compare(const Term auto& a, const Term auto& b) { return apply(ops::Compare{}, a, b); }

// y = g where d > 0, g/2 where d = 0, 0 elsewhere, NaN where d is; g and d of one shape. Piecewise constant as a
// function of d.
struct ops::WherePositive : Operation<ops::WherePositive> {
  static constexpr const char* title = "where_positive";
  static constexpr bool may_overwrite = true;
  static constexpr Reads rule_reads = Reads::operands;
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return apply(WherePositive{}, s.dy(), s.in(1)); });
  }
};
auto where_positive(const Term auto& g, const Term auto& d) { return apply(ops::WherePositive{}, g, d); }

// y = max(a, b), element by element; NaN where either is. Where they are equal, each gets half of the derivative.
struct ops::Maximum : Operation<ops::Maximum> {
  static constexpr const char* title = "maximum";
  static constexpr bool may_overwrite = true;
  static constexpr Reads rule_reads = Reads::operands;
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  // By comparison: a difference of infinities is NaN, and one of neighbours may be flushed to 0.
  void vjp(auto& s) const {
    to_broadcast(s, 0, [&] { return where_positive(s.dy(), compare(s.in(0), s.in(1))); });
    to_broadcast(s, 1, [&] { return where_positive(s.dy(), compare(s.in(1), s.in(0))); });
  }
};
auto maximum(const Term auto& a, const Term auto& b) { return apply(ops::Maximum{}, a, b); }

inline Var operator+(const Var& a, const Var& b) { return add(a, b); }
inline Var operator-(const Var& a, const Var& b) { return sub(a, b); }
inline Var operator*(const Var& a, const Var& b) { return mul(a, b); }
inline Var operator/(const Var& a, const Var& b) { return div(a, b); }
inline Var operator-(const Var& a) { return neg(a); }
inline Var operator*(double c, const Var& a) { return scale(a, c); }
inline Var operator*(const Var& a, double c) { return scale(a, c); }
inline Var operator/(const Var& a, double c) { return scale(a, 1 / c); }
inline Var operator+(const Var& a, double c) { return add_scalar(a, c); }
inline Var operator+(double c, const Var& a) { return add_scalar(a, c); }
inline Var operator-(const Var& a, double c) { return add_scalar(a, -c); }
inline Var operator-(double c, const Var& a) { return add_scalar(neg(a), c); }

extern template class Operation<ops::SumTo>;
extern template class Operation<ops::BroadcastTo>;
extern template class Operation<ops::Scale>;
extern template class Operation<ops::AddScalar>;
extern template class Operation<ops::Add>;
extern template class Operation<ops::Sub>;
extern template class Operation<ops::Mul>;
extern template class Operation<ops::Div>;
extern template class Operation<ops::Ratio>;
extern template class Operation<ops::WeightedBy>;
extern template class Operation<ops::Compare>;
extern template class Operation<ops::WherePositive>;
extern template class Operation<ops::Maximum>;

}  // namespace gradus
