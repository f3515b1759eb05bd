// Gradient descent with momentum, and Nesterov's accelerated gradient.
#pragma once

#include "optim/elementwise.h"

namespace gradus::optim {

// The two differ in the weights of g and v in the step.
template <bool look_ahead>
struct VelocityStep {
  double learning_rate = 0.01, momentum = 0.9;

  static constexpr Description describe() {
    return {look_ahead ? "nesterov" : "momentum",
            look_ahead ? "Nesterov (1983); Sutskever et al. (2013), eq. 3-4, at the look-ahead point"
                       : "Polyak (1964), eq. 9",
            look_ahead ? R"(
            v <- momentum v + g
            theta <- theta - learning_rate (g + momentum v)
            )"
                       : R"(
            v <- momentum v + g
            theta <- theta - learning_rate v
            )",
            R"(
            Keras and Sutskever put the rate inside, v <- momentum v - learning_rate g, which is the same as long as the
            rate is constant.
            )",
            {field<&VelocityStep::learning_rate>(positive(), "step size"),
             field<&VelocityStep::momentum>(decay(), "decay of the velocity")},
            {"velocity"}};
  }
  // Where a root of the recurrence for theta passes -1.
  Stability stability(std::int64_t, std::span<const Tensor>) const {
    return {(2 + 2 * momentum) / (learning_rate * (look_ahead ? 1 + 2 * momentum : 1))};
  }
  template <class T>
  auto update() const {
    const T rate = T(learning_rate), mu = T(momentum);
    const T of_gradient = look_ahead ? rate : T{0}, of_velocity = look_ahead ? rate * mu : rate;
    return [=](T& x, T g, T& v) {
      v = mu * v + g;
      x -= of_gradient * g + of_velocity * v;
    };
  }
};
using Momentum = VelocityStep<false>;
using Nesterov = VelocityStep<true>;

}  // namespace gradus::optim
