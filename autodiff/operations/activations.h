// Element-wise functions of one operand, and the fused derivatives of the commonest.
#pragma once

#include "autodiff/operations/arithmetic.h"

namespace gradus {

namespace ops {
struct Exp;
struct Log;
struct Square;
struct Sqrt;
struct Abs;
struct ReluGate;
struct Relu;
struct TanhDerivative;
struct TanhSlope;
struct Tanh;
struct SigmoidDerivative;
struct SigmoidSlope;
struct Sigmoid;
struct Softplus;
struct NormalPdf;
struct GeluCurvature;
struct GeluDerivative;
struct Gelu;
struct ClampGate;
struct Clamp;
}  // namespace ops

// An element-wise operation: result and operands have one shape.
template <class Derived>
struct Elementwise : Operation<Derived> {
  Shape shape(Inputs in) const {
    for (int i = 1; i < in.count; ++i) require_equal_shapes(Derived::title, in[0].shape(), in[i].shape());
    return in[0].shape();
  }
};

// One whose kernel may write over an operand.
template <class Derived>
struct Pointwise : Elementwise<Derived> {
  static constexpr bool may_overwrite = true;
};

// y = e^x
struct ops::Exp : Pointwise<ops::Exp> {
  static constexpr const char* title = "exp";
  static constexpr Reads rule_reads = Reads::result;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return mul(s.dy(), s.out()); });
  }
};
auto exp(const Term auto& x) { return apply(ops::Exp{}, x); }

// y = ln x
struct ops::Log : Pointwise<ops::Log> {
  static constexpr const char* title = "log";
  static constexpr Reads rule_reads = Reads::operands;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return div(s.dy(), s.in(0)); });
  }
};
auto log(const Term auto& x) { return apply(ops::Log{}, x); }

// y = x^2
struct ops::Square : Pointwise<ops::Square> {
  static constexpr const char* title = "square";
  static constexpr Reads rule_reads = Reads::operands;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return scale(mul(s.dy(), s.in(0)), 2); });
  }
};
auto square(const Term auto& x) { return apply(ops::Square{}, x); }

// y = sqrt x.  dx = dy / (2 y), which is infinite at 0, as are all further derivatives.
struct ops::Sqrt : Pointwise<ops::Sqrt> {
  static constexpr const char* title = "sqrt";
  static constexpr Reads rule_reads = Reads::result;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return scale(div(s.dy(), s.out()), 0.5); });
  }
};
auto sqrt(const Term auto& x) { return apply(ops::Sqrt{}, x); }

// y = |x|; the derivatives at 0 are 0.
struct ops::Abs : Pointwise<ops::Abs> {
  static constexpr const char* title = "abs";
  static constexpr Reads rule_reads = Reads::operands;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return sub(where_positive(s.dy(), s.in(0)), where_positive(s.dy(), neg(s.in(0)))); });
  }
};
auto abs(const Term auto& x) { return apply(ops::Abs{}, x); }

// y = g where x > 0, 0 elsewhere, NaN where x is: the derivative of relu, piecewise constant in x. At 0 it is 0, as in
// PyTorch and Keras.
struct ops::ReluGate : Pointwise<ops::ReluGate> {
  static constexpr const char* title = "relu_gate";
  static constexpr Reads rule_reads = Reads::operands;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return apply(ReluGate{}, s.dy(), s.in(1)); });
  }
};

// y = max(x, 0)
struct ops::Relu : Pointwise<ops::Relu> {
  static constexpr const char* title = "relu";
  static constexpr Reads rule_reads = Reads::result;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return apply(ReluGate{}, s.dy(), s.out()); });
  }
};
auto relu(const Term auto& x) { return apply(ops::Relu{}, x); }

// z = g (1 - y^2): the derivative of tanh where y = tanh x, for those that keep no x.
//   dg = dz (1 - y^2),  dy = -2 y g dz
struct ops::TanhDerivative : Pointwise<ops::TanhDerivative> {
  static constexpr const char* title = "tanh_derivative";
  static constexpr Reads rule_reads = Reads::operands;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(TanhDerivative{}, s.dy(), s.in(1)); });
    s.to_last(1, [&] { return scale(mul(mul(s.dy(), s.in(0)), s.in(1)), -2); });
  }
};

// z = g / cosh^2 x: the derivative of tanh from x, which is right where tanh x has been rounded to 1.
struct ops::TanhSlope : Pointwise<ops::TanhSlope> {
  static constexpr const char* title = "tanh_slope";
  static constexpr Reads rule_reads = Reads::operands;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(ops::TanhSlope{}, s.dy(), s.in(1)); });
    s.to_last(1, [&] { return apply(ops::TanhSlope{}, scale(mul(mul(s.dy(), s.in(0)), tanh(s.in(1))), -2), s.in(1)); });
  }
};

// y = tanh x
struct ops::Tanh : Pointwise<ops::Tanh> {
  static constexpr const char* title = "tanh";
  static constexpr Reads rule_reads = Reads::operands;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return apply(TanhSlope{}, s.dy(), s.in(0)); });
  }
};
auto tanh(const Term auto& x) { return apply(ops::Tanh{}, x); }

// z = g y (1 - y): the derivative of the logistic function where y is its value, for those that keep no x.
// dg = dz y (1 - y),  dy = dz g (1 - 2 y)
struct ops::SigmoidDerivative : Pointwise<ops::SigmoidDerivative> {
  static constexpr const char* title = "sigmoid_derivative";
  static constexpr Reads rule_reads = Reads::operands;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(SigmoidDerivative{}, s.dy(), s.in(1)); });
    s.to_last(1, [&] { return mul(mul(s.dy(), s.in(0)), add_scalar(scale(s.in(1), -2), 1)); });
  }
};

// z = g s(x) s(-x): the derivative of the logistic function s from x, which is right where s(x) has been rounded to 1.
// dx = -dz g s(x) s(-x) tanh(x / 2)
struct ops::SigmoidSlope : Pointwise<ops::SigmoidSlope> {
  static constexpr const char* title = "sigmoid_slope";
  static constexpr Reads rule_reads = Reads::operands;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(SigmoidSlope{}, s.dy(), s.in(1)); });
    s.to_last(
        1, [&] { return apply(SigmoidSlope{}, neg(mul(mul(s.dy(), s.in(0)), tanh(scale(s.in(1), 0.5)))), s.in(1)); });
  }
};

// y = 1 / (1 + e^-x)
struct ops::Sigmoid : Pointwise<ops::Sigmoid> {
  static constexpr const char* title = "sigmoid";
  static constexpr Reads rule_reads = Reads::operands;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return apply(SigmoidSlope{}, s.dy(), s.in(0)); });
  }
};
auto sigmoid(const Term auto& x) { return apply(ops::Sigmoid{}, x); }

// y = ln(1 + e^x), without overflow
struct ops::Softplus : Pointwise<ops::Softplus> {
  static constexpr const char* title = "softplus";
  static constexpr Reads rule_reads = Reads::operands;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return mul(s.dy(), sigmoid(s.in(0))); });
  }
};
auto softplus(const Term auto& x) { return apply(ops::Softplus{}, x); }

// y = exp(-x^2 / 2) / sqrt(2 pi).  dx = -dy x y
struct ops::NormalPdf : Pointwise<ops::NormalPdf> {
  static constexpr const char* title = "normal_pdf";
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return neg(weighted_by(s.out(), mul(s.dy(), s.in(0)))); });
  }
};

// z = g phi(x) (2 - x^2), with the second derivative of gelu.  dx = dz g phi(x) x (x^2 - 4)
struct ops::GeluCurvature : Pointwise<ops::GeluCurvature> {
  static constexpr const char* title = "gelu_curvature";
  static constexpr Reads rule_reads = Reads::operands;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(GeluCurvature{}, s.dy(), s.in(1)); });
    s.to_last(1, [&] {
      return mul(mul(s.dy(), s.in(0)), mul(apply(NormalPdf{}, s.in(1)), mul(s.in(1), add_scalar(square(s.in(1)), -4))));
    });
  }
};

// z = g (Phi(x) + x phi(x)), the derivative of gelu.
struct ops::GeluDerivative : Pointwise<ops::GeluDerivative> {
  static constexpr const char* title = "gelu_derivative";
  static constexpr Reads rule_reads = Reads::operands;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to(0, [&] { return apply(GeluDerivative{}, s.dy(), s.in(1)); });
    s.to_last(1, [&] { return apply(GeluCurvature{}, mul(s.dy(), s.in(0)), s.in(1)); });
  }
};

// y = x Phi(x), Phi the normal distribution function; Hendrycks & Gimpel (2016), exact form.
struct ops::Gelu : Pointwise<ops::Gelu> {
  static constexpr const char* title = "gelu";
  static constexpr Reads rule_reads = Reads::operands;
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return apply(GeluDerivative{}, s.dy(), s.in(0)); });
  }
};
auto gelu(const Term auto& x) { return apply(ops::Gelu{}, x); }

// y = g where low < x < high, 0 elsewhere, NaN where x is: the derivative of clamp, piecewise constant in x.
struct ops::ClampGate : Pointwise<ops::ClampGate> {  // operands g, x
  static constexpr const char* title = "clamp_gate";
  static constexpr Reads rule_reads = Reads::operands;
  double low, high;
  ClampGate(double lower, double upper) : low(lower), high(upper) {}
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return apply(ClampGate{low, high}, s.dy(), s.in(1)); });
  }
};

// y = min(max(x, low), high); the derivative is 0 outside and at both ends.
struct ops::Clamp : Pointwise<ops::Clamp> {
  static constexpr const char* title = "clamp";
  static constexpr Reads rule_reads = Reads::operands;
  double low, high;
  Clamp(double lower, double upper) : low(lower), high(upper) {}
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  void vjp(auto& s) const {
    s.to_last(0, [&] { return apply(ClampGate{low, high}, s.dy(), s.in(0)); });
  }
};
// x limited to [low, high]
auto clamp(const Term auto& x, double low, double high) { return apply(ops::Clamp{low, high}, x); }

extern template class Operation<ops::Exp>;
extern template class Operation<ops::Log>;
extern template class Operation<ops::Square>;
extern template class Operation<ops::Sqrt>;
extern template class Operation<ops::Abs>;
extern template class Operation<ops::ReluGate>;
extern template class Operation<ops::Relu>;
extern template class Operation<ops::TanhDerivative>;
extern template class Operation<ops::TanhSlope>;
extern template class Operation<ops::Tanh>;
extern template class Operation<ops::SigmoidDerivative>;
extern template class Operation<ops::SigmoidSlope>;
extern template class Operation<ops::Sigmoid>;
extern template class Operation<ops::Softplus>;
extern template class Operation<ops::NormalPdf>;
extern template class Operation<ops::GeluCurvature>;
extern template class Operation<ops::GeluDerivative>;
extern template class Operation<ops::Gelu>;
extern template class Operation<ops::ClampGate>;
extern template class Operation<ops::Clamp>;

}  // namespace gradus
