#include "autodiff/operations/rectifiers.h"

#include "autodiff/kernels/loops.h"
#include "autodiff/kernels/math.h"

namespace gradus {
namespace {

// e^x - 1 for x <= 0, without cancellation near 0.
template <class T>
GRADUS_INLINE T expm1_below_zero(T x) {
  const T y = x < -60 ? T{-60} : x;
  const auto [n, r] = math::detail::reduce(y);
  const T power = math::detail::power_of_two<T>(n);
  return power * math::detail::expm1_series(r) + (power - 1);
}

}  // namespace

void LeakyGate::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, [c = slope]<class T>(T g, T x) { return x > 0 ? g : static_cast<T>(c) * g; }, in[0], in[1]);
}

void LeakyRelu::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(out, accumulate, [c = slope]<class T>(T x) { return x > 0 ? x : static_cast<T>(c) * x; }, in[0]);
}

void EluDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, [a = alpha]<class T>(T g, T y) { return y > 0 ? g : g * (y + static_cast<T>(a)); }, in[0],
      in[1]);
}

Shape Elu::shape(Inputs in) const {
  if (!(alpha > 0)) throw std::invalid_argument("elu: alpha " + std::to_string(alpha) + ", expected > 0");
  return in[0].shape();
}
void Elu::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const auto value = [a = alpha]<class T>(T x) {
    const T below = static_cast<T>(a) * expm1_below_zero(x < 0 ? x : T{0});
    return x > 0 ? x : x == x ? below : x;
  };
  kernels::map(out, accumulate, value, in[0]);
}

void SiluDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const auto value = []<class T>(T g, T x) {
    const T s = math::sigmoid(x);
    return g * s * (1 + x * (1 - s));
  };
  kernels::map(out, accumulate, value, in[0], in[1]);
}

void Silu::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(out, accumulate, []<class T>(T x) { return x * math::sigmoid(x); }, in[0]);
}

}  // namespace gradus
