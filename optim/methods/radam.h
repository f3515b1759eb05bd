// RAdam.
#pragma once

#include "optim/elementwise.h"

namespace gradus::optim {

struct Radam {
  double learning_rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;

  static constexpr Description describe() {
    return {"radam",
            "Liu et al. (2020), Algorithm 2",
            R"(
            m <- beta1 m + (1 - beta1) g;  m^ = m / (1 - beta1^t)
            v <- beta2 v + (1 - beta2) g^2
            rho_inf = 2 / (1 - beta2) - 1;  rho_t = rho_inf - 2 t beta2^t / (1 - beta2^t)
            if rho_t > 5:  r = sqrt((rho_t - 4) (rho_t - 2) rho_inf / ((rho_inf - 4) (rho_inf - 2) rho_t))
                           theta <- theta - learning_rate m^ r sqrt(1 - beta2^t) / (sqrt(v) + epsilon)
            else           theta <- theta - learning_rate m^
            )",
            R"(
            PyTorch does the same. The paper's threshold is 4 (Optax's is an option, 5) and it has no epsilon; epsilon
            is added before the correction of v, Optax adds it after.
            )",
            {field<&Radam::learning_rate>(positive(), "step size"),
             field<&Radam::beta1>(decay(), "decay of the first moment"),
             field<&Radam::beta2>(decay(), "decay of the second moment; the rectified steps need it above 0.67"),
             field<&Radam::epsilon>(positive(), "added to the root of the second moment")},
            {"first_moment", "second_moment"}};
  }
  // r sqrt(1 - beta2^t); 0 where the steps are not rectified.
  double rectification(std::int64_t t) const {
    const double power = std::pow(beta2, static_cast<double>(t)), longest = 2 / (1 - beta2) - 1;
    const double length = longest - 2 * static_cast<double>(t) * power / (1 - power);
    if (length <= 5) return 0;  // the variance of the adaptive rate is known once the average is long enough
    return std::sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length) * (1 - power));
  }
  // P = (1 - beta1^t) (sqrt(v) + epsilon) / rectification, or 1 - beta1^t.
  Stability stability(std::int64_t t, std::span<const Tensor> states) const {
    const double rectified = rectification(t), moment = correction(beta1, t);
    return {2 / (learning_rate * moment_turned(beta1)),
            rectified > 0 ? root_preconditioner(states[1], epsilon, 1, moment / rectified)
                          : Tensor::full(states[1].shape(), moment, states[1].dtype())};
  }
  template <class T>
  auto update(std::int64_t t) const {
    const double factor = rectification(t), rate = learning_rate / correction(beta1, t);
    return [rectified = factor > 0, adaptive = T(rate * factor), rate = T(rate), fresh1 = T(1 - beta1),
            fresh2 = T(1 - beta2), epsilon = T(epsilon)](T& x, T g, T& m, T& v) {
      m += fresh1 * (g - m);
      v += fresh2 * (g * g - v);
      x -= m * (rectified ? adaptive / (math::sqrt(v) + epsilon) : rate);
    };
  }
};

}  // namespace gradus::optim
