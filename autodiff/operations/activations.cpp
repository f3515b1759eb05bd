#include "autodiff/operations/activations.h"

#include <cmath>

#include "autodiff/kernels/loops.h"
#include "autodiff/kernels/math.h"
#include "autodiff/kernels/normal.h"

namespace gradus {

// In the fused derivatives, g is the cotangent and x the value that the derivative depends on.

void ops::Exp::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, []<class T>(T x) { return math::exp(x); }, in[0]);
}

void ops::Log::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, []<class T>(T x) { return math::log(x); }, in[0]);
}

void ops::Square::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, []<class T>(T x) { return x * x; }, in[0]);
}

void ops::Sqrt::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, []<class T>(T x) { return std::sqrt(x); }, in[0]);
}

void ops::Abs::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, []<class T>(T x) { return std::abs(x); }, in[0]);
}

void ops::ReluGate::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, []<class T>(T g, T x) { return x > 0 ? g : math::zero_or_nan(x); }, in[0], in[1]);
}

void ops::Relu::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, []<class T>(T x) { return x > 0 ? x : math::zero_or_nan(x); }, in[0]);
}

void ops::TanhDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, []<class T>(T g, T x) { return g * ((1 - x) * (1 + x)); }, in[0], in[1]);
}

void ops::Tanh::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, []<class T>(T x) { return math::tanh(x); }, in[0]);
}

void ops::TanhSlope::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, []<class T>(T g, T x) { return g * math::tanh_slope(x); }, in[0], in[1]);
}

void ops::SigmoidDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, []<class T>(T g, T x) { return g * (x * (1 - x)); }, in[0], in[1]);
}

void ops::Sigmoid::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, []<class T>(T x) { return math::sigmoid(x); }, in[0]);
}

void ops::SigmoidSlope::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, []<class T>(T g, T x) { return g * math::sigmoid_slope(x); }, in[0], in[1]);
}

void ops::Softplus::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, []<class T>(T x) { return math::softplus(x); }, in[0]);
}

void ops::NormalPdf::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, []<class T>(T x) { return math::normal(x).pdf; }, in[0]);
}

void ops::GeluCurvature::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const auto curvature = []<class T>(T g, T x) {
    const auto n = math::normal(x);
    return g * (n.pdf * (2 - n.magnitude * n.magnitude));
  };
  kernels::map(out, accumulate, curvature, in[0], in[1]);
}

void ops::GeluDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const auto derivative = []<class T>(T g, T x) {
    const auto n = math::normal(x);
    return g * (n.cdf + (x > 0 ? n.magnitude : -n.magnitude) * n.pdf);
  };
  kernels::map(out, accumulate, derivative, in[0], in[1]);
}

void ops::Gelu::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const auto value = []<class T>(T x) {
    const auto n = math::normal(x);
    return (x > 0 ? x : math::zero_or_nan(x)) - n.magnitude * n.tail;
  };
  kernels::map(out, accumulate, value, in[0]);
}

void ops::ClampGate::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const auto gate = [this]<class T>(T g, T x) {
    return (x > static_cast<T>(low)) & (x < static_cast<T>(high)) ? g : math::zero_or_nan(x);
  };
  kernels::map(out, accumulate, gate, in[0], in[1]);
}

void ops::Clamp::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const auto limit = [this]<class T>(T x) {
    const T lower = static_cast<T>(low), upper = static_cast<T>(high);
    return x < lower ? lower : x > upper ? upper : x;
  };
  kernels::map(out, accumulate, limit, in[0]);
}

template class Operation<ops::Exp>;
template class Operation<ops::Log>;
template class Operation<ops::Square>;
template class Operation<ops::Sqrt>;
template class Operation<ops::Abs>;
template class Operation<ops::ReluGate>;
template class Operation<ops::Relu>;
template class Operation<ops::TanhDerivative>;
template class Operation<ops::TanhSlope>;
template class Operation<ops::Tanh>;
template class Operation<ops::SigmoidDerivative>;
template class Operation<ops::SigmoidSlope>;
template class Operation<ops::Sigmoid>;
template class Operation<ops::Softplus>;
template class Operation<ops::NormalPdf>;
template class Operation<ops::GeluCurvature>;
template class Operation<ops::GeluDerivative>;
template class Operation<ops::Gelu>;
template class Operation<ops::ClampGate>;
template class Operation<ops::Clamp>;

}  // namespace gradus
