// Activation functions beyond the commonest, with PyTorch's definitions and constants.
#pragma once

#include "autodiff/operations/activations.h"
#include "autodiff/operations/shaping.h"

namespace gradus {

namespace ops {
struct LeakyGate;
struct LeakyRelu;
struct EluDerivative;
struct Elu;
struct SiluDerivative;
struct Silu;
struct Softsign;
}  // namespace ops

// z = g where x > 0, c g elsewhere: the derivative of leaky_relu, piecewise constant in x.
struct ops::LeakyGate : Pointwise<ops::LeakyGate> {  // operands g, x
  static constexpr const char* title = "leaky_gate";
  static constexpr Reads rule_reads = Reads::operands;
  double slope;
  explicit LeakyGate(double c) : slope(c) {}
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return apply(LeakyGate{slope}, s.dy(), s.in(1)); });
  }
};

// y = x where x > 0, c x elsewhere. Maas, Hannun & Ng (2013).
struct ops::LeakyRelu : Pointwise<ops::LeakyRelu> {
  static constexpr const char* title = "leaky_relu";
  static constexpr Reads rule_reads = Reads::operands;
  double slope;
  explicit LeakyRelu(double c) : slope(c) {}
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return apply(LeakyGate{slope}, s.dy(), s.in(0)); });
  }
};
auto leaky_relu(const Term auto& x, double slope = 0.01) { return apply(ops::LeakyRelu{slope}, x); }

// z = g where x > 0, g a e^x elsewhere: the derivative of elu.
struct ops::EluDerivative : Pointwise<ops::EluDerivative> {  // operands g, x
  static constexpr const char* title = "elu_derivative";
  static constexpr Reads rule_reads = Reads::operands;
  double alpha;
  explicit EluDerivative(double a) : alpha(a) {}
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(EluDerivative{alpha}, s.dy(), s.in(1)); });
    s.to_last(1, [&] {  // 0 at 0, as for x > 0
      return apply(ReluGate{}, apply(EluDerivative{alpha}, mul(s.dy(), s.in(0)), s.in(1)), neg(s.in(1)));
    });
  }
};

// y = x where x > 0, a (e^x - 1) elsewhere; a > 0. Clevert, Unterthiner & Hochreiter (2016).
struct ops::Elu : Pointwise<ops::Elu> {
  static constexpr const char* title = "elu";
  static constexpr Reads rule_reads = Reads::operands;
  double alpha;
  explicit Elu(double a) : alpha(a) {}
  Shape shape(Inputs in) const;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return apply(EluDerivative{alpha}, s.dy(), s.in(0)); });
  }
};
auto elu(const Term auto& x, double alpha = 1) { return apply(ops::Elu{alpha}, x); }

// Scaled so that mean 0 and variance 1 persist from layer to layer. Klambauer et al. (2017).
auto selu(const Term auto& x) {
  return scale(elu(x, 1.6732632423543772848170429916717), 1.0507009873554804934193349852946);
}

// z = g (s + x s (1 - s)), s = sigmoid(x): the derivative of silu.  dx = dz g s (1 - s) (2 + x (1 - 2 s))
struct ops::SiluDerivative : Pointwise<ops::SiluDerivative> {  // operands g, x
  static constexpr const char* title = "silu_derivative";
  static constexpr Reads rule_reads = Reads::operands;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(SiluDerivative{}, s.dy(), s.in(1)); });
    s.to_last(1, [&] {
      const auto bend = add_scalar(neg(mul(s.in(1), tanh(scale(s.in(1), 0.5)))), 2);
      return apply(SigmoidSlope{}, mul(mul(s.dy(), s.in(0)), bend), s.in(1));
    });
  }
};

// y = x sigmoid(x), also called swish. Hendrycks & Gimpel (2016), Ramachandran, Zoph & Le (2017).
struct ops::Silu : Pointwise<ops::Silu> {
  static constexpr const char* title = "silu";
  static constexpr Reads rule_reads = Reads::operands;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return apply(SiluDerivative{}, s.dy(), s.in(0)); });
  }
};
auto silu(const Term auto& x) { return apply(ops::Silu{}, x); }

// x tanh(softplus(x)). Misra (2019).
Var mish(const Var& x);

// y = x / (1 + |x|).  dx = dy / (1 + |x|)^2
struct ops::Softsign : Pointwise<ops::Softsign> {
  static constexpr const char* title = "softsign";
  static constexpr Reads rule_reads = Reads::operands;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] {
      const auto b = computed(add_scalar(abs(s.in(0)), 1));
      return div(div(s.dy(), b), b);
    });
  }
};
auto softsign(const Term auto& x) { return apply(ops::Softsign{}, x); }

// x limited to [-1, 1]
auto hard_tanh(const Term auto& x) { return clamp(x, -1, 1); }

extern template class Operation<ops::LeakyGate>;
extern template class Operation<ops::LeakyRelu>;
extern template class Operation<ops::EluDerivative>;
extern template class Operation<ops::Elu>;
extern template class Operation<ops::SiluDerivative>;
extern template class Operation<ops::Silu>;
extern template class Operation<ops::Softsign>;

}  // namespace gradus
