// Schedule-free methods. theta holds y, the interpolation at which gradients are taken, z takes the steps of the base
// method, and x is z's weighted average, at which the model is evaluated. x and z start at theta.
#pragma once

#include <algorithm>
#include <cmath>

#include "optim/elementwise.h"

namespace gradus::optim {

struct ScheduleFreeMemory {
  double weight_sum = 0;

  // z enters the average by the square of the step's rate: returns c = rate^2 / S.
  double share_of(double rate) {
    weight_sum += rate * rate;
    return weight_sum > 0 ? rate * rate / weight_sum : 0;
  }
};

// Of the steps of z: with c held, x = c z / (z - 1 + c) of z's, which is c / (2 - c) at -1, and the gradient is that of
// y. A decay of theta is one of y, which is made anew from z and x: it has another place in this.
inline Stability schedule_free_stability(double rate, double momentum, double weight_decay,
                                         const ScheduleFreeMemory& memory, const Tensor& preconditioner) {
  const double c = memory.weight_sum > 0 ? rate * rate / memory.weight_sum : 0;
  return {2 / (rate * (1 - momentum + momentum * c / (2 - c))) - weight_decay, preconditioner, 0};
}

inline double warmed_up(double rate, std::int64_t t, std::int64_t warmup_steps) {
  return warmup_steps > 0 ? rate * std::min(1.0, static_cast<double>(t) / static_cast<double>(warmup_steps)) : rate;
}

// x <- (1 - c) x + c z;  y = (1 - momentum) z + momentum x
template <class T>
GRADUS_INLINE void average_and_interpolate(T& y, T z, T& x, T c, T momentum) {
  x = (1 - c) * x + c * z;
  y = (1 - momentum) * z + momentum * x;
}

struct ScheduleFreeSgd {
  double learning_rate = 0.1, momentum = 0.9, weight_decay = 0;
  std::int64_t warmup_steps = 0;

  using Memory = ScheduleFreeMemory;
  static constexpr Description describe() {
    return {"schedule_free_sgd",
            "Defazio et al. (2024), eq. 4-6",
            R"(
            gamma = learning_rate min(1, t / warmup_steps)
            z <- z - gamma (g(y) + weight_decay y)
            S <- S + gamma^2;  c = gamma^2 / S
            x <- (1 - c) x + c z
            y = (1 - momentum) z + momentum x
            theta is y; evaluated at x
            )",
            R"(
            The average is weighted by gamma^2, as in the authors' code and Optax, which keep the largest gamma so far
            for the weight; here it is that of the step. In Optax's warm-up z moves by the gamma of the step before.
            Theirs and Optax's give x by a change of mode or a function; here it is the evaluation point. PyTorch does
            not have the method.
            )",
            {field<&ScheduleFreeSgd::learning_rate>(positive(), "step size"),
             field<&ScheduleFreeSgd::momentum>(decay(), "how far from z to its average gradients are taken"),
             field<&ScheduleFreeSgd::weight_decay>(non_negative(), "adds weight_decay y to the gradient"),
             field<&ScheduleFreeSgd::warmup_steps>(at_least(0),
                                                   "steps over which the rate rises to learning_rate; 0 for none")},
            {from_theta("base_point"), from_theta("average")},
            {kept<&Memory::weight_sum>("weight_sum")},
            "average"};
  }
  Stability stability(std::int64_t t, std::span<const Tensor>, const Memory& memory) const {
    return schedule_free_stability(warmed_up(learning_rate, t, warmup_steps), momentum, weight_decay, memory, {});
  }
  template <class T>
  auto update(std::int64_t t, Memory& memory) const {
    const double rate = warmed_up(learning_rate, t, warmup_steps);
    return [rate = T(rate), c = T(memory.share_of(rate)), mu = T(momentum), weight_decay = T(weight_decay)](
               T& y, T g, T& z, T& x) {
      z -= rate * (g + weight_decay * y);
      average_and_interpolate(y, z, x, c, mu);
    };
  }
};

struct ScheduleFreeAdamW {
  double learning_rate = 0.0025, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;
  std::int64_t warmup_steps = 0;

  using Memory = ScheduleFreeMemory;
  static constexpr Description describe() {
    return {"schedule_free_adamw",
            "Defazio et al. (2024), Algorithm 1",
            R"(
            v <- beta2 v + (1 - beta2) g^2
            gamma = learning_rate sqrt(1 - beta2^t) min(1, t / warmup_steps)
            z <- z - gamma (g(y) / (sqrt(v) + epsilon) + weight_decay y)
            S <- S + gamma^2;  c = gamma^2 / S
            x <- (1 - c) x + c z
            y = (1 - beta1) z + beta1 x
            theta is y; evaluated at x
            )",
            R"(
            The average is weighted by gamma^2 and the correction sqrt(1 - beta2^t) is a part of gamma, as in the paper.
            The authors' code and Optax correct v instead, so that epsilon is added to the corrected root, and weights
            and decay follow the rate without the correction; they keep the largest rate so far for the weight, and in
            Optax's warm-up z moves by the rate of the step before. Theirs and Optax's give x by a change of mode or a
            function; here it is the evaluation point. Keras has the method too; PyTorch does not.
            )",
            {field<&ScheduleFreeAdamW::learning_rate>(positive(), "step size"),
             field<&ScheduleFreeAdamW::beta1>(decay(), "how far from z to its average gradients are taken"),
             field<&ScheduleFreeAdamW::beta2>(decay(), "decay of the second moment"),
             field<&ScheduleFreeAdamW::epsilon>(positive(), "added to the root of the second moment"),
             field<&ScheduleFreeAdamW::weight_decay>(non_negative(),
                                                     "decoupled: z moves by -gamma * weight_decay y a step"),
             field<&ScheduleFreeAdamW::warmup_steps>(at_least(0),
                                                     "steps over which the rate rises to learning_rate; 0 for none")},
            {"second_moment", from_theta("base_point"), from_theta("average")},
            {kept<&Memory::weight_sum>("weight_sum")},
            "average"};
  }
  // P = sqrt(v) + epsilon
  Stability stability(std::int64_t t, std::span<const Tensor> states, const Memory& memory) const {
    const double rate = warmed_up(learning_rate * std::sqrt(correction(beta2, t)), t, warmup_steps);
    return schedule_free_stability(rate, beta1, weight_decay, memory, root_preconditioner(states[0], epsilon));
  }
  template <class T>
  auto update(std::int64_t t, Memory& memory) const {
    const double rate = warmed_up(learning_rate * std::sqrt(correction(beta2, t)), t, warmup_steps);
    return [rate = T(rate), c = T(memory.share_of(rate)), mu = T(beta1), fresh2 = T(1 - beta2), epsilon = T(epsilon),
            weight_decay = T(weight_decay)](T& y, T g, T& v, T& z, T& x) {
      v += fresh2 * (g * g - v);
      z -= rate * (g / (math::sqrt(v) + epsilon) + weight_decay * y);
      average_and_interpolate(y, z, x, c, mu);
    };
  }
};

}  // namespace gradus::optim
