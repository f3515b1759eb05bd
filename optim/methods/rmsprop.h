// RMSprop, also centred and with momentum.
#pragma once

#include "optim/elementwise.h"

namespace gradus::optim {

struct RmsProp {
  double learning_rate = 0.001, rho = 0.9, epsilon = 1e-7, momentum = 0;
  bool centered = false;

  static constexpr Description describe() {
    return {"rmsprop",
            "Tieleman & Hinton (2012), lecture 6e; centered: Graves (2013), eq. 38-45",
            R"(
            v <- rho v + (1 - rho) g^2
            [centered: a <- rho a + (1 - rho) g]
            d = g / (sqrt(v - a^2) + epsilon)
            [momentum: b <- momentum b + d, d = b]
            theta <- theta - learning_rate d
            )",
            R"(
            Epsilon stands outside the root, as in PyTorch; Keras and TensorFlow put it inside. PyTorch calls rho
            "alpha". The velocity exists only if momentum is not 0 at the start.
            )",
            {field<&RmsProp::learning_rate>(positive(), "step size"),
             field<&RmsProp::rho>(decay(), "decay of the mean square"),
             field<&RmsProp::epsilon>(positive(), "added to the root of the mean square"),
             field<&RmsProp::momentum>(decay(), "decay of the velocity; 0 for none"),
             field<&RmsProp::centered>("divide by the deviation instead of the root mean square (Graves 2013)")},
            {"second_moment", state_if<&RmsProp::centered>("first_moment"), state_if<&RmsProp::momentum>("velocity")}};
  }
  Stability stability(std::int64_t, std::span<const Tensor> states) const {
    Tensor variance = states[0];
    if (states[1].defined()) {
      variance = Tensor::uninitialized(states[0].shape(), states[0].dtype());
      update_each(
          variance, states[0], []<class T>(T) { return [](T& to, T v, T& a) { to = v > a * a ? v - a * a : T{0}; }; },
          states[1]);
    }
    const double mu = states[2].defined() ? momentum : 0;
    return {(2 + 2 * mu) / learning_rate, root_preconditioner(variance, epsilon)};
  }
  template <class T, bool is_centered, bool has_momentum>
  auto update() const {
    return
        [rate = T(learning_rate), rho = T(rho), epsilon = T(epsilon), mu = T(momentum)](T& x, T g, T& v, T& a, T& b) {
          v += (1 - rho) * (g * g - v);
          T variance = v;
          if constexpr (is_centered) {
            a += (1 - rho) * (g - a);
            variance = v - a * a;
            variance = variance > 0 ? variance : T{0};  // rounding may leave it below 0
          }
          T d = g / (math::sqrt(variance) + epsilon);
          if constexpr (has_momentum) {
            b = mu * b + d;
            d = b;
          }
          x -= rate * d;
        };
  }
};

}  // namespace gradus::optim
