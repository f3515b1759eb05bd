// Sine, cosine and angle: operations that only test functions need, written outside the engine against its public
// headers.
#pragma once

#include "autodiff/operations.h"

namespace gradus::problems {

// y = sin(x + phase);  dx = dy sin(x + phase + pi/2). The cosine is the sine a quarter turn ahead.
struct Sine : Elementwise<Sine> {
  static constexpr const char* title = "sine";
  int quarter_turns;  // the phase
  explicit Sine(int quarters = 0) : quarter_turns(quarters) {}
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return mul(s.dy(), apply(Sine{(quarter_turns + 1) % 4}, s.in(0))); });
  }
};
auto sin(const Term auto& x) { return apply(Sine{0}, x); }
auto cos(const Term auto& x) { return apply(Sine{1}, x); }

// y = the angle of (x, y) in turns, in (-1/4, 3/4], as the helical valley measures it: it jumps at the negative second
// axis.
//   d angle = (x dy - y dx) / (2 pi (x^2 + y^2))
struct Turns : Elementwise<Turns> {
  static constexpr const char* title = "turns";
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    constexpr double per_radian = 0.15915494309189533577;  // 1 / (2 pi)
    const auto square_norm = [&] { return add(square(s.in(0)), square(s.in(1))); };
    s.to(0, [&] { return scale(div(mul(s.dy(), s.in(1)), square_norm()), -per_radian); });
    s.to(1, [&] { return scale(div(mul(s.dy(), s.in(0)), square_norm()), per_radian); });
  }
};
inline Var turns(const Var& x, const Var& y) { return apply(Turns{}, x, y); }

}  // namespace gradus::problems
