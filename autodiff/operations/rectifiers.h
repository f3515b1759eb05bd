// Activation functions beyond the commonest, with PyTorch's definitions and constants.
#pragma once

#include "autodiff/operations/activations.h"
#include "autodiff/operations/shaping.h"

namespace gradus {

// z = g where x > 0, c g elsewhere: the derivative of leaky_relu, piecewise constant in x.
struct LeakyGate : Pointwise<LeakyGate> {  // operands g, x
  static constexpr const char* title = "leaky_gate";
  static constexpr Reads rule_reads = Reads::operands;
  double slope;
  explicit LeakyGate(double c) : slope(c) {}
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to_last(0, [&] { return apply(LeakyGate{slope}, s.dy(), s.in(1)); });
  }
};

// y = x where x > 0, c x elsewhere. Maas, Hannun & Ng (2013).
struct LeakyRelu : Pointwise<LeakyRelu> {
  static constexpr const char* title = "leaky_relu";
  static constexpr Reads rule_reads = Reads::operands;
  double slope;
  explicit LeakyRelu(double c) : slope(c) {}
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to_last(0, [&] { return apply(LeakyGate{slope}, s.dy(), s.in(0)); });
  }
};
template <Term X>
auto leaky_relu(const X& x, double slope = 0.01) {
  return apply(LeakyRelu{slope}, x);
}

// z = g where y > 0, g (y + a) elsewhere: the derivative of elu where y is its value.
struct EluDerivative : Pointwise<EluDerivative> {  // operands g, y
  static constexpr const char* title = "elu_derivative";
  static constexpr Reads rule_reads = Reads::operands;
  double alpha;
  explicit EluDerivative(double a) : alpha(a) {}
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to(0, [&] { return apply(EluDerivative{alpha}, s.dy(), s.in(1)); });
    s.to_last(1, [&] { return apply(LeakyGate{0}, mul(s.dy(), s.in(0)), neg(s.in(1))); });
  }
};

// y = x where x > 0, a (e^x - 1) elsewhere; a > 0. Clevert, Unterthiner & Hochreiter (2016).
struct Elu : Pointwise<Elu> {
  static constexpr const char* title = "elu";
  static constexpr Reads rule_reads = Reads::result;
  double alpha;
  explicit Elu(double a) : alpha(a) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to_last(0, [&] { return apply(EluDerivative{alpha}, s.dy(), s.out()); });
  }
};
template <Term X>
auto elu(const X& x, double alpha = 1) {
  return apply(Elu{alpha}, x);
}

// Scaled so that mean 0 and variance 1 persist from layer to layer. Klambauer et al. (2017).
template <Term X>
auto selu(const X& x) {
  return scale(elu(x, 1.6732632423543772848170429916717), 1.0507009873554804934193349852946);
}

// z = g (s + x s (1 - s)), s = sigmoid(x): the derivative of silu.  dx = dz g s (1 - s) (2 + x (1 - 2 s))
struct SiluDerivative : Pointwise<SiluDerivative> {  // operands g, x
  static constexpr const char* title = "silu_derivative";
  static constexpr Reads rule_reads = Reads::operands;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to(0, [&] { return apply(SiluDerivative{}, s.dy(), s.in(1)); });
    s.to_last(1, [&] {
      const auto y = once(sigmoid(s.in(1)));
      const auto bend = add_scalar(mul(s.in(1), add_scalar(scale(y, -2), 1)), 2);
      return apply(SigmoidDerivative{}, mul(mul(s.dy(), s.in(0)), bend), y);
    });
  }
};

// y = x sigmoid(x), also called swish. Hendrycks & Gimpel (2016), Ramachandran, Zoph & Le (2017).
struct Silu : Pointwise<Silu> {
  static constexpr const char* title = "silu";
  static constexpr Reads rule_reads = Reads::operands;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to_last(0, [&] { return apply(SiluDerivative{}, s.dy(), s.in(0)); });
  }
};
template <Term X>
auto silu(const X& x) {
  return apply(Silu{}, x);
}

// x tanh(softplus(x)). Misra (2019).
template <Term X>
auto mish(const X& x) {
  return mul(x, tanh(softplus(x)));
}

// x / (1 + |x|)
template <Term X>
auto softsign(const X& x) {
  return div(x, add_scalar(abs(x), 1));
}

// x limited to [-1, 1]
template <Term X>
auto hard_tanh(const X& x) {
  return clamp(x, -1, 1);
}

}  // namespace gradus
