// Powers with a real exponent.
#pragma once

#include "autodiff/operations/arithmetic.h"

namespace gradus {

// y = x^b (ln x)^k, with broadcasting. At x = 0 it is what it tends to: 0 for b > 0; for b <= 0 the value of x^b, 1 or
// infinite, times (-infinity)^k.
//   dx = dy (b x^(b-1) (ln x)^k + k x^(b-1) (ln x)^(k-1)),  db = dy x^b (ln x)^(k+1)
struct Power : Operation<Power> {  // operands x, b
  static constexpr const char* title = "power";
  static constexpr bool pointwise = true;
  static constexpr Reads rule_reads = Reads::operands;
  int log_power;  // k
  explicit Power(int k = 0) : log_power(k) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    const auto of_base = [&] { return weighted_by(s.in(1), apply(Power{log_power}, s.in(0), add_scalar(s.in(1), -1))); };
    const auto of_log = [&] { return scale(apply(Power{log_power - 1}, s.in(0), add_scalar(s.in(1), -1)), log_power); };
    if (log_power == 0)
      to_broadcast(s, 0, [&] { return mul(s.dy(), of_base()); });
    else
      to_broadcast(s, 0, [&] { return mul(s.dy(), add(of_base(), of_log())); });
    to_broadcast(s, 1, [&] { return mul(s.dy(), apply(Power{log_power + 1}, s.in(0), s.in(1))); });
  }
};
// x^b as std::pow has it: NaN for x < 0, unless b is whole. At x = 0, the derivative with respect to x is 0, 1 or infinite
// for b > 1, = 1, < 1, and all those with respect to b are 0 for b > 0.
template <Term X, Term B>
auto power(const X& x, const B& b) {
  return apply(Power{0}, x, b);
}

}  // namespace gradus
