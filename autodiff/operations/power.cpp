#include "autodiff/operations/power.h"

#include <cmath>

#include "autodiff/kernels/loops.h"
#include "autodiff/kernels/math.h"

namespace gradus {

Shape Power::shape(Inputs in) const { return kernels::broadcast_shape(title, in[0].shape(), in[1].shape()); }

void Power::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const auto value = [k = log_power]<class T>(T x, T b) {
    const T base = x == 0 ? std::copysign(T{0}, x) : x;  // where subnormals count as 0, for the library's functions too
    const T y = std::pow(base, b);
    if (k == 0) return y;
    if (base == 0 && b > 0) return T{0};
    const T logarithm = std::log(base);
    T logarithms = 1;
    for (int i = 0; i < k; ++i) logarithms *= logarithm;
    return math::weighted_by(y, logarithms);
  };
  kernels::broadcast(out, accumulate, value, in[0], in[1]);
}

}  // namespace gradus
