// Element-wise functions of one operand, and the fused derivatives of the commonest.
#pragma once

#include "autodiff/operations/arithmetic.h"

namespace gradus {

// An element-wise operation: result and operands have one shape.
template <class Derived>
struct Elementwise : Operation<Derived> {
  Shape shape(Inputs in) const {
    for (int i = 1; i < in.count; ++i)
      if (in[i].shape() != in[0].shape())
        throw std::invalid_argument(std::string(Derived::title) + ": shapes differ: " + in[0].shape().to_string() +
                                    " and " + in[i].shape().to_string());
    return in[0].shape();
  }
};

// y = e^x
struct Exp : Elementwise<Exp> {
  static constexpr const char* title = "exp";
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to(0, [&] { return mul(s.dy(), s.out()); });
  }
};
template <Term X>
auto exp(const X& x) {
  return apply(Exp{}, x);
}

// y = ln x
struct Log : Elementwise<Log> {
  static constexpr const char* title = "log";
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to(0, [&] { return div(s.dy(), s.in(0)); });
  }
};
template <Term X>
auto log(const X& x) {
  return apply(Log{}, x);
}

// y = x^2
struct Square : Elementwise<Square> {
  static constexpr const char* title = "square";
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to(0, [&] { return scale(mul(s.dy(), s.in(0)), 2); });
  }
};
template <Term X>
auto square(const X& x) {
  return apply(Square{}, x);
}

// y = sqrt x.  dx = dy / (2 y)
struct Sqrt : Elementwise<Sqrt> {
  static constexpr const char* title = "sqrt";
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to(0, [&] { return scale(div(s.dy(), s.out()), 0.5); });
  }
};
template <Term X>
auto sqrt(const X& x) {
  return apply(Sqrt{}, x);
}

// y = |x|; the derivative at 0 is 0.
struct Abs : Elementwise<Abs> {
  static constexpr const char* title = "abs";
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to(0, [&] { return sub(where_positive(s.dy(), s.in(0)), where_positive(s.dy(), neg(s.in(0)))); });
  }
};
template <Term X>
auto abs(const X& x) {
  return apply(Abs{}, x);
}

// y = g (x > 0): the derivative of relu, piecewise constant in x. At 0 it is 0, as in PyTorch and Keras.
struct ReluGate : Elementwise<ReluGate> {
  static constexpr const char* title = "relu_gate";
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to(0, [&] { return apply(ReluGate{}, s.dy(), s.in(1)); });
  }
};

// y = max(x, 0)
struct Relu : Elementwise<Relu> {
  static constexpr const char* title = "relu";
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to(0, [&] { return apply(ReluGate{}, s.dy(), s.in(0)); });
  }
};
template <Term X>
auto relu(const X& x) {
  return apply(Relu{}, x);
}

// z = g (1 - y^2): the derivative of tanh where y = tanh x.  dg = dz (1 - y^2),  dy = -2 y g dz
struct TanhDerivative : Elementwise<TanhDerivative> {
  static constexpr const char* title = "tanh_derivative";
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to(0, [&] { return apply(TanhDerivative{}, s.dy(), s.in(1)); });
    s.to(1, [&] { return scale(mul(mul(s.dy(), s.in(0)), s.in(1)), -2); });
  }
};

// y = tanh x
struct Tanh : Elementwise<Tanh> {
  static constexpr const char* title = "tanh";
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to(0, [&] { return apply(TanhDerivative{}, s.dy(), s.out()); });
  }
};
template <Term X>
auto tanh(const X& x) {
  return apply(Tanh{}, x);
}

// z = g y (1 - y): the derivative of the logistic function where y is its value.
// dg = dz y (1 - y),  dy = dz g (1 - 2 y)
struct SigmoidDerivative : Elementwise<SigmoidDerivative> {
  static constexpr const char* title = "sigmoid_derivative";
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to(0, [&] { return apply(SigmoidDerivative{}, s.dy(), s.in(1)); });
    s.to(1, [&] { return mul(mul(s.dy(), s.in(0)), add_scalar(scale(s.in(1), -2), 1)); });
  }
};

// y = 1 / (1 + e^-x)
struct Sigmoid : Elementwise<Sigmoid> {
  static constexpr const char* title = "sigmoid";
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to(0, [&] { return apply(SigmoidDerivative{}, s.dy(), s.out()); });
  }
};
template <Term X>
auto sigmoid(const X& x) {
  return apply(Sigmoid{}, x);
}

// y = ln(1 + e^x), without overflow
struct Softplus : Elementwise<Softplus> {
  static constexpr const char* title = "softplus";
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to(0, [&] { return mul(s.dy(), sigmoid(s.in(0))); });
  }
};
template <Term X>
auto softplus(const X& x) {
  return apply(Softplus{}, x);
}

// y = exp(-x^2 / 2) / sqrt(2 pi).  dx = -dy x y
struct NormalPdf : Elementwise<NormalPdf> {
  static constexpr const char* title = "normal_pdf";
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to(0, [&] { return neg(mul(mul(s.dy(), s.in(0)), s.out())); });
  }
};

// z = g (Phi(x) + x phi(x)), the derivative of gelu.  dx = dz g phi(x) (2 - x^2)
struct GeluDerivative : Elementwise<GeluDerivative> {
  static constexpr const char* title = "gelu_derivative";
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to(0, [&] { return apply(GeluDerivative{}, s.dy(), s.in(1)); });
    s.to(1, [&] {
      return mul(mul(s.dy(), s.in(0)), mul(apply(NormalPdf{}, s.in(1)), add_scalar(neg(square(s.in(1))), 2)));
    });
  }
};

// y = x Phi(x), Phi the normal distribution function; Hendrycks & Gimpel (2016), exact form.
struct Gelu : Elementwise<Gelu> {
  static constexpr const char* title = "gelu";
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to(0, [&] { return apply(GeluDerivative{}, s.dy(), s.in(0)); });
  }
};
template <Term X>
auto gelu(const X& x) {
  return apply(Gelu{}, x);
}

// y = min(max(x, low), high); the derivative is 0 outside.
struct Clamp : Elementwise<Clamp> {
  static constexpr const char* title = "clamp";
  double low, high;
  Clamp(double lower, double upper) : low(lower), high(upper) {}
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override;
  template <class Sweep>
  void vjp(Sweep& s) const {
    s.to(0, [&] {
      return sub(apply(ReluGate{}, s.dy(), add_scalar(s.in(0), -low)),
                 apply(ReluGate{}, s.dy(), add_scalar(s.in(0), -high)));
    });
  }
};
// x limited to [low, high]
template <Term X>
auto clamp(const X& x, double low, double high) {
  return apply(Clamp{low, high}, x);
}

}  // namespace gradus
