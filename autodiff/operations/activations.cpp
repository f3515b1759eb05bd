#include "autodiff/operations/activations.h"

#include <cmath>

#include "autodiff/kernels/loops.h"
#include "autodiff/kernels/math.h"
#include "autodiff/kernels/normal.h"

namespace gradus {

// In the fused derivatives, g is the cotangent and x the value that the derivative depends on.

void Exp::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(out, accumulate, []<class T>(T x) { return math::exp(x); }, in[0]);
}

void Log::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(out, accumulate, []<class T>(T x) { return math::log(x); }, in[0]);
}

void Square::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(out, accumulate, []<class T>(T x) { return x * x; }, in[0]);
}

void Sqrt::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(out, accumulate, []<class T>(T x) { return std::sqrt(x); }, in[0]);
}

void Abs::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(out, accumulate, []<class T>(T x) { return std::abs(x); }, in[0]);
}

void ReluGate::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(out, accumulate, []<class T>(T g, T x) { return x > 0 ? g : math::zero_or_nan(x); }, in[0], in[1]);
}

void Relu::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(out, accumulate, []<class T>(T x) { return x > 0 ? x : math::zero_or_nan(x); }, in[0]);
}

void TanhDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(out, accumulate, []<class T>(T g, T x) { return g * ((1 - x) * (1 + x)); }, in[0], in[1]);
}

void Tanh::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(out, accumulate, []<class T>(T x) { return math::tanh(x); }, in[0]);
}

void TanhSlope::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(out, accumulate, []<class T>(T g, T x) { return g * math::tanh_slope(x); }, in[0], in[1]);
}

void SigmoidDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(out, accumulate, []<class T>(T g, T x) { return g * (x * (1 - x)); }, in[0], in[1]);
}

void Sigmoid::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(out, accumulate, []<class T>(T x) { return math::sigmoid(x); }, in[0]);
}

void SigmoidSlope::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(out, accumulate, []<class T>(T g, T x) { return g * math::sigmoid_slope(x); }, in[0], in[1]);
}

void Softplus::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(out, accumulate, []<class T>(T x) { return math::softplus(x); }, in[0]);
}

void NormalPdf::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(out, accumulate, []<class T>(T x) { return math::normal(x).pdf; }, in[0]);
}

void GeluCurvature::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const auto curvature = []<class T>(T g, T x) {
    const auto n = math::normal(x);
    return g * (n.pdf * (2 - n.magnitude * n.magnitude));
  };
  kernels::map(out, accumulate, curvature, in[0], in[1]);
}

void GeluDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const auto derivative = []<class T>(T g, T x) {
    const auto n = math::normal(x);
    return g * (n.cdf + (x > 0 ? n.magnitude : -n.magnitude) * n.pdf);
  };
  kernels::map(out, accumulate, derivative, in[0], in[1]);
}

void Gelu::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const auto value = []<class T>(T x) {
    const auto n = math::normal(x);
    return (x > 0 ? x : math::zero_or_nan(x)) - n.magnitude * n.tail;
  };
  kernels::map(out, accumulate, value, in[0]);
}

void ClampGate::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const auto gate = [this]<class T>(T g, T x) {
    return (x > static_cast<T>(low)) & (x < static_cast<T>(high)) ? g : math::zero_or_nan(x);
  };
  kernels::map(out, accumulate, gate, in[0], in[1]);
}

void Clamp::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const auto limit = [this]<class T>(T x) {
    const T lower = static_cast<T>(low), upper = static_cast<T>(high);
    return x < lower ? lower : x > upper ? upper : x;
  };
  kernels::map(out, accumulate, limit, in[0]);
}

template class Operation<Exp>;
template class Operation<Log>;
template class Operation<Square>;
template class Operation<Sqrt>;
template class Operation<Abs>;
template class Operation<ReluGate>;
template class Operation<Relu>;
template class Operation<TanhDerivative>;
template class Operation<TanhSlope>;
template class Operation<Tanh>;
template class Operation<SigmoidDerivative>;
template class Operation<SigmoidSlope>;
template class Operation<Sigmoid>;
template class Operation<Softplus>;
template class Operation<NormalPdf>;
template class Operation<GeluCurvature>;
template class Operation<GeluDerivative>;
template class Operation<Gelu>;
template class Operation<ClampGate>;
template class Operation<Clamp>;

}  // namespace gradus
