// Choosing between values by a condition: a tensor of the tape's type whose elements count as true unless they are 0.
#pragma once

#include "autodiff/operations/arithmetic.h"

namespace gradus {

namespace ops {
struct Select;
struct Where;
struct Greater;
}  // namespace ops

// y = x where the condition holds (or where it does not), 0 elsewhere, with broadcasting; what is not chosen has no
// influence, even if it is infinite or NaN. Piecewise constant in the condition.
struct ops::Select : Operation<ops::Select> {
  static constexpr const char* title = "select";
  bool wanted;
  explicit Select(bool where_true = true) : wanted(where_true) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    to_broadcast(s, 0, [&] { return apply(Select{wanted}, s.dy(), s.in(1)); });
  }
};
auto select(const Term auto& x, const Term auto& condition) { return apply(ops::Select{true}, x, condition); }

// y = a where the condition holds, b elsewhere, with broadcasting of all three.
struct ops::Where : Operation<ops::Where> {
  static constexpr const char* title = "where";
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    to_broadcast(s, 1, [&] { return apply(Select{true}, s.dy(), s.in(0)); });
    to_broadcast(s, 2, [&] { return apply(Select{false}, s.dy(), s.in(0)); });
  }
};
auto where(const Term auto& condition, const Term auto& a, const Term auto& b) {
  return apply(ops::Where{}, condition, a, b);
}

// y = 1 where a > b, 0 elsewhere, with broadcasting; no derivative flows through it.
struct ops::Greater : Operation<ops::Greater> {
  static constexpr const char* title = "greater";
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto&) const {}
};
auto greater(const Term auto& a, const Term auto& b) { return apply(ops::Greater{}, a, b); }

extern template class Operation<ops::Select>;
extern template class Operation<ops::Where>;
extern template class Operation<ops::Greater>;

}  // namespace gradus
