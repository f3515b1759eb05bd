#include "autodiff/operations/rectifiers.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "autodiff/kernels/loops.h"
#include "autodiff/kernels/math.h"
#include "autodiff/operations/selection.h"

namespace gradus {

void ops::LeakyGate::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate,
      [c = slope]<class T>(T g, T x) { return x > 0 ? g : static_cast<T>(c) * g + math::zero_or_nan(x); }, in[0],
      in[1]);
}

void ops::LeakyRelu::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, [c = slope]<class T>(T x) { return x > 0 ? x : static_cast<T>(c) * x; }, in[0]);
}

void ops::EluDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const auto derivative = [a = alpha]<class T>(T g, T x) {
    const T below = g * (static_cast<T>(a) * math::exp_below_zero(x > 0 ? T{0} : x));
    return x > 0 ? g : below;
  };
  kernels::map(out, accumulate, derivative, in[0], in[1]);
}

Shape ops::Elu::shape(Inputs in) const {
  if (!(alpha > 0)) throw std::invalid_argument(fmt::format("elu: alpha {}, expected > 0", alpha));
  return in[0].shape();
}
void ops::Elu::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const auto value = [a = alpha]<class T>(T x) {
    const T below = static_cast<T>(a) * math::expm1_below_zero(x < 0 ? x : T{0});
    return x > 0 ? x : x == x ? below : x;
  };
  kernels::map(out, accumulate, value, in[0]);
}

void ops::SiluDerivative::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, []<class T>(T g, T x) { return g * math::silu_slope(x); }, in[0], in[1]);
}

void ops::Silu::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  kernels::map(
      out, accumulate, []<class T>(T x) { return math::silu(x); }, in[0]);
}

Var mish(const Var& x) {
  // Far out it is x or 0 in every type; there the product would be 0 times infinity, in the value or the derivative.
  const Var limited = clamp(x, -1001, 1001);
  return where(greater(x, x.tape().scalar(1000)), x, mul(limited, tanh(softplus(limited))));
}

void ops::Softsign::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const auto value = []<class T>(T x) {
    constexpr T largest = std::numeric_limits<T>::max();  // infinity over infinity would be NaN
    const T y = x > largest ? largest : x < -largest ? -largest : x;
    return y / (1 + std::abs(y));
  };
  kernels::map(out, accumulate, value, in[0]);
}

template class Operation<ops::LeakyGate>;
template class Operation<ops::LeakyRelu>;
template class Operation<ops::EluDerivative>;
template class Operation<ops::Elu>;
template class Operation<ops::SiluDerivative>;
template class Operation<ops::Silu>;
template class Operation<ops::Softsign>;

}  // namespace gradus
