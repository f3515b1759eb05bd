// AdEMAMix.
#pragma once

#include <algorithm>

#include "optim/elementwise.h"

namespace gradus::optim {

struct AdEmaMix {
  double learning_rate = 0.001, beta1 = 0.9, beta2 = 0.999, beta3 = 0.9999, alpha = 8, epsilon = 1e-8, weight_decay = 0;
  std::int64_t warmup_steps = 0;

  static constexpr Description describe() {
    return {"ademamix",
            "Pagliardini, Ablin & Grangier (2025), Algorithm 1",
            R"(
            m1 <- beta1 m1 + (1 - beta1) g;  m1^ = m1 / (1 - beta1^t)
            m2 <- beta3_t m2 + (1 - beta3_t) g
            v <- beta2 v + (1 - beta2) g^2;  v^ = v / (1 - beta2^t)
            theta <- theta - learning_rate ((m1^ + alpha_t m2) / (sqrt(v^) + epsilon) + weight_decay theta)
            alpha_t = min(t / T, 1) alpha, with T = warmup_steps
            beta3_t = min(exp(ln beta1 ln beta3 / ((1 - t/T) ln beta3 + t/T ln beta1)), beta3)
            )",
            R"(
            alpha and beta3 share one number of warm-up steps, none by default: the paper warms up over all of a
            training. Optax has the method with schedules of alpha and beta3 in place of warmup_steps, and default alpha
            5; PyTorch and Keras do not have it.
            )",
            {field<&AdEmaMix::learning_rate>(positive(), "step size"),
             field<&AdEmaMix::beta1>(decay(), "decay of the fast first moment"),
             field<&AdEmaMix::beta2>(decay(), "decay of the second moment"),
             field<&AdEmaMix::beta3>(decay(), "decay of the slow first moment"),
             field<&AdEmaMix::alpha>(non_negative(), "weight of the slow first moment"),
             field<&AdEmaMix::epsilon>(positive(), "added to the root of the second moment"),
             field<&AdEmaMix::weight_decay>(non_negative(),
                                            "decoupled: theta shrinks by learning_rate * weight_decay a step"),
             field<&AdEmaMix::warmup_steps>(at_least(0), "steps over which alpha and beta3 rise; 0 for none")},
            {"fast_moment", "slow_moment", "second_moment"}};
  }
  double progress_at(std::int64_t t) const {
    return t < warmup_steps ? static_cast<double>(t) / static_cast<double>(warmup_steps) : 1;
  }
  // beta3_t, written so that betas of 0 are no exception: the half-life of m2 grows linearly.
  double slow_decay(double progress) const {
    if (progress >= 1) return beta3;
    const double inverse = (1 - progress) / std::log(beta1) + progress / std::log(beta3);
    return std::min(std::exp(1 / inverse), beta3);
  }
  // P = sqrt(v^) + epsilon; by the alpha and the beta3 of step t, as if they stayed.
  Stability stability(std::int64_t t, std::span<const Tensor> states) const {
    const double turn = 2 - learning_rate * weight_decay, progress = progress_at(t);
    const double filter =
        moment_turned(beta1) / correction(beta1, t) + alpha * progress * moment_turned(slow_decay(progress));
    return {turn / (learning_rate * filter),
            root_preconditioner(states[2], epsilon, 1 / std::sqrt(correction(beta2, t))), turn};
  }
  template <class T>
  auto update(std::int64_t t) const {
    const double progress = progress_at(t);
    return [of_fast = T(learning_rate / correction(beta1, t)), of_slow = T(learning_rate * alpha * progress),
            root = T(1 / std::sqrt(correction(beta2, t))), fresh1 = T(1 - beta1), fresh2 = T(1 - beta2),
            fresh3 = T(1 - slow_decay(progress)), epsilon = T(epsilon),
            shrink = T(1 - learning_rate * weight_decay)](T& x, T g, T& fast, T& slow, T& v) {
      fast += fresh1 * (g - fast);
      slow += fresh3 * (g - slow);
      v += fresh2 * (g * g - v);
      x = x * shrink - (of_fast * fast + of_slow * slow) / (math::sqrt(v) * root + epsilon);
    };
  }
};

}  // namespace gradus::optim
