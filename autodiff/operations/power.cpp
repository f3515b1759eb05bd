#include "autodiff/operations/power.h"

#include <cmath>

#include "autodiff/kernels/loops.h"
#include "autodiff/kernels/math.h"

namespace gradus {

Shape ops::Power::shape(Inputs in) const { return kernels::broadcast_shape(title, in[0].shape(), in[1].shape()); }

void ops::Power::evaluate(Inputs in, const Tensor& out, bool accumulate) const {
  const auto value = [k = log_power, m = lowered]<class T>(T x, T b) {
    // Where subnormals count as 0, they do for the library's functions too.
    const T base = x == 0 ? std::copysign(T{0}, x) : x;
    using Wide = std::conditional_t<std::is_same_v<T, float>, double, long double>;
    const Wide exponent = Wide{b == 0 ? T{0} : b} - m;
    const T y = m == 0 ? std::pow(base, b == 0 ? T{0} : b) : static_cast<T>(std::pow(Wide{base}, exponent));
    if (k == 0) return y;
    if (base == 0 && exponent > 0) return T{0};
    const T logarithm = std::log(base);
    T logarithms = 1;
    for (int i = 0; i < k; ++i) logarithms *= logarithm;
    return math::weighted_by(y, logarithms);
  };
  kernels::broadcast(out, accumulate, value, in[0], in[1]);
}

template class Operation<ops::Power>;

}  // namespace gradus
