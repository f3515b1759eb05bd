// Adagrad, diagonal form.
#pragma once

#include "optim/elementwise.h"

namespace gradus::optim {

struct Adagrad {
  double learning_rate = 0.01, epsilon = 1e-10, initial_accumulator = 0;

  static constexpr Description describe() {
    return {"adagrad",
            "Duchi, Hazan & Singer (2011), section 1.1",
            R"(
            v <- v + g^2
            theta <- theta - learning_rate g / (sqrt(v) + epsilon)
            )",
            R"(
            v starts at initial_accumulator: 0 in the paper and PyTorch, 0.1 in Keras and Optax, which add epsilon
            inside the root.
            )",
            {field<&Adagrad::learning_rate>(positive(), "step size"),
             field<&Adagrad::epsilon>(positive(), "added to the root of the sum of squares"),
             field<&Adagrad::initial_accumulator>(non_negative(), "where the sum of squares starts")},
            {state<&Adagrad::initial_accumulator>("accumulator")}};
  }
  Stability stability(std::int64_t, std::span<const Tensor> states) const {
    return {2 / learning_rate, root_preconditioner(states[0], epsilon)};
  }
  template <class T>
  auto update() const {
    return [rate = T(learning_rate), epsilon = T(epsilon)](T& x, T g, T& v) {
      v += g * g;
      x -= rate * g / (math::sqrt(v) + epsilon);
    };
  }
};

}  // namespace gradus::optim
