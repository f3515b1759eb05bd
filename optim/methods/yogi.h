// Yogi.
#pragma once

#include "optim/elementwise.h"

namespace gradus::optim {

struct Yogi {
  double learning_rate = 0.01, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-3, initial_accumulator = 1e-6;

  static constexpr Description describe() {
    return {"yogi",
            "Zaheer et al. (2018), Algorithm 2",
            R"(
            m <- beta1 m + (1 - beta1) g
            v <- v - (1 - beta2) sign(v - g^2) g^2
            theta <- theta - learning_rate m / (sqrt(v) + epsilon)
            )",
            R"(
            The moments are not corrected for their start, as in the paper; Optax corrects them. v starts at
            initial_accumulator, in Optax m too; PyTorch and Keras do not have the method.
            )",
            {field<&Yogi::learning_rate>(positive(), "step size"),
             field<&Yogi::beta1>(decay(), "decay of the first moment"),
             field<&Yogi::beta2>(decay(), "1 minus the speed of the second moment"),
             field<&Yogi::epsilon>(positive(), "added to the root of the second moment"),
             field<&Yogi::initial_accumulator>(non_negative(), "where the second moment starts")},
            {"first_moment", state<&Yogi::initial_accumulator>("second_moment")}};
  }
  Stability stability(std::int64_t, std::span<const Tensor> states) const {
    return {2 / (learning_rate * moment_turned(beta1)), root_preconditioner(states[1], epsilon)};
  }
  template <class T>
  auto update() const {
    return [rate = T(learning_rate), fresh1 = T(1 - beta1), fresh2 = T(1 - beta2), epsilon = T(epsilon)](T& x, T g,
                                                                                                         T& m, T& v) {
      const T square = g * g;
      m += fresh1 * (g - m);
      v -= fresh2 * square * sign_of(v - square);
      x -= rate * m / (math::sqrt(v) + epsilon);
    };
  }
};

}  // namespace gradus::optim
