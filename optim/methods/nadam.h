// NAdam.
#pragma once

#include "optim/elementwise.h"

namespace gradus::optim {

struct Nadam {
  double learning_rate = 0.002, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, momentum_decay = 0.004;

  struct Memory {
    double momentum_product = 1;
  };
  static constexpr Description describe() {
    return {"nadam",
            "Dozat (2016), Algorithm 8",
            R"(
            mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2);  M_t = mu_1 ... mu_t
            m <- beta1 m + (1 - beta1) g
            v <- beta2 v + (1 - beta2) g^2;  v^ = v / (1 - beta2^t)
            m^ = mu_{t+1} m / (1 - M_t mu_{t+1}) + (1 - mu_t) g / (1 - M_t)
            theta <- theta - learning_rate m^ / (sqrt(v^) + epsilon)
            )",
            R"(
            PyTorch does the same, and Keras with momentum_decay 1. m decays by beta1; in the paper it decays by mu_t.
            Optax's nadam has no schedule of the momentum.
            )",
            {field<&Nadam::learning_rate>(positive(), "step size"),
             field<&Nadam::beta1>(decay(), "decay of the first moment"),
             field<&Nadam::beta2>(decay(), "decay of the second moment"),
             field<&Nadam::epsilon>(positive(), "added to the root of the second moment"),
             field<&Nadam::momentum_decay>(non_negative(), "how fast the momentum rises from beta1 / 2 to beta1")},
            {"first_moment", "second_moment"},
            {kept<&Memory::momentum_product>("momentum_product")}};
  }
  double momentum_at(std::int64_t t) const {
    return beta1 * (1 - 0.5 * std::pow(0.96, static_cast<double>(t) * momentum_decay));
  }
  // In the step, with M_t.
  struct Weights {
    double of_moment, of_gradient;
  };
  Weights weights(std::int64_t t, const Memory& memory) const {
    const double mu = momentum_at(t), next = momentum_at(t + 1);
    return {learning_rate * next / (1 - memory.momentum_product * next),
            learning_rate * (1 - mu) / (1 - memory.momentum_product)};
  }
  // By the momentum of step t, as if it stayed: the gradient and its moment are added up.
  Stability stability(std::int64_t t, std::span<const Tensor> states, const Memory& memory) const {
    const Weights weight = weights(t, memory);
    return {2 / (weight.of_moment * moment_turned(beta1) + weight.of_gradient),
            root_preconditioner(states[1], epsilon, 1 / std::sqrt(correction(beta2, t)))};
  }
  template <class T>
  auto update(std::int64_t t, Memory& memory) const {
    memory.momentum_product *= momentum_at(t);
    const Weights weight = weights(t, memory);
    return [of_moment = T(weight.of_moment), of_gradient = T(weight.of_gradient),
            root = T(1 / std::sqrt(correction(beta2, t))), fresh1 = T(1 - beta1), fresh2 = T(1 - beta2),
            epsilon = T(epsilon)](T& x, T g, T& m, T& v) {
      m += fresh1 * (g - m);
      v += fresh2 * (g * g - v);
      x -= (of_moment * m + of_gradient * g) / (math::sqrt(v) * root + epsilon);
    };
  }
};

}  // namespace gradus::optim
