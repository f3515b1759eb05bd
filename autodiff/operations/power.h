// Powers with a real exponent.
#pragma once

#include "autodiff/operations/arithmetic.h"

namespace gradus {

namespace ops {
struct Power;
}  // namespace ops

// y = x^(b - m) (ln x)^k, with broadcasting. At x = 0 it is what it tends to: 0 for an exponent above 0; else the value
// of the power, 1 or infinite, times (-infinity)^k.
//   dx = dy ((b - m) x^(b - m - 1) (ln x)^k + k x^(b - m - 1) (ln x)^(k-1)),  db = dy x^(b - m) (ln x)^(k+1)
struct ops::Power : Operation<ops::Power> {  // operands x, b
  static constexpr const char* title = "power";
  static constexpr bool may_overwrite = true;
  static constexpr Reads rule_reads = Reads::operands;
  int lowered, log_power;  // m, a field so that b - m is not rounded; k
  explicit Power(int m = 0, int k = 0) : lowered(m), log_power(k) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    const auto of_base = [&] {
      return weighted_by(add_scalar(s.in(1), -lowered), apply(Power{lowered + 1, log_power}, s.in(0), s.in(1)));
    };
    const auto of_log = [&] { return scale(apply(Power{lowered + 1, log_power - 1}, s.in(0), s.in(1)), log_power); };
    if (log_power == 0)
      to_broadcast(s, 0, [&] { return weighted_by(s.dy(), of_base()); });
    else
      to_broadcast(s, 0, [&] { return weighted_by(s.dy(), add(of_base(), of_log())); });
    to_broadcast(s, 1, [&] { return weighted_by(s.dy(), apply(Power{lowered, log_power + 1}, s.in(0), s.in(1))); });
  }
};
// x^b as std::pow has it: NaN for x < 0, unless b is whole. At x = 0, the derivative with respect to x is 0, 1 or
// infinite for b > 1, = 1, < 1, and all those with respect to b are 0 for b > 0.
auto power(const Term auto& x, const Term auto& b) { return apply(ops::Power{}, x, b); }

extern template class Operation<ops::Power>;

}  // namespace gradus
