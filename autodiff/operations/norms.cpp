#include "autodiff/operations/norms.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "autodiff/kernels/lane_sum.h"
#include "autodiff/kernels/largest.h"
#include "autodiff/operations/activations.h"

namespace gradus {
namespace {

template <class T>
T sum_of_squares(const T* x, std::int64_t n, T factor) {
  T sum;
  simd::run([&, x, n, factor] GRADUS_LOOP() {
    sum = kernels::lane_sum_of<T>(
        n, [=](std::int64_t i) __attribute__((always_inline)) {
          const T part = factor * x[i];
          return part * part;
        });
  });
  return sum;
}

template <class T>
T norm_of(const T* x, std::int64_t n) {
  using Limits = std::numeric_limits<T>;
  // Below this, squares that vanished may have counted.
  constexpr T enough = Limits::min() / Limits::epsilon() / Limits::epsilon();
  const T sum = sum_of_squares(x, n, T{1});
  if (sum >= enough && sum <= Limits::max()) return std::sqrt(sum);
  T largest = 0;
  for (std::int64_t i = 0; i < n; ++i) largest = math::larger(largest, std::abs(x[i]));
  if (!(largest > 0) || largest > Limits::max()) return largest;  // 0, infinite or NaN
  const int exponent = std::clamp(std::ilogb(largest), Limits::min_exponent, Limits::max_exponent - 2);
  return std::ldexp(std::sqrt(sum_of_squares(x, n, std::ldexp(T{1}, -exponent))), exponent);
}

}  // namespace

void ops::L2Norm::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  with_floating(out.dtype(), [&]<class T>(T) {
    T& y = *out.data<T>();
    y = (accumulate ? y : T{0}) + norm_of(in[0].data<T>(), in[0].size());
  });
}

Var l1_norm(const Var& x) { return sum(abs(x)); }

Var max_norm(const Var& x) {
  if (x.shape().size() == 0) bad_shapes("max_norm", {x.shape()}, "elements");
  return max(reshape(abs(x), {x.shape().size()}), 0);
}

Var masked_fill(const Var& x, const Var& mask, double value) { return where(mask, x.tape().scalar(value), x); }

template class Operation<ops::L2Norm>;

}  // namespace gradus
