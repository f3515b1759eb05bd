// Adam, AMSGrad and AdamW.
#pragma once

#include <cmath>

#include "optim/elementwise.h"

namespace gradus::optim {

// What a moment is divided by: 1 - beta^t, or 1 where the method is told not to correct for the start at 0.
template <class M>
double moment_correction(const M& method, double beta, std::int64_t t) {
  if constexpr (requires { method.bias_correction; }) return method.bias_correction ? correction(beta, t) : 1;
  return correction(beta, t);
}

// The formula of all three; w, the largest v so far, takes the place of v where there is one.
template <class T, bool largest, class M>
auto adam_update(const M& method, double weight_decay, std::int64_t t) {
  const double rate = method.learning_rate / moment_correction(method, method.beta1, t);
  return [beta1 = T(method.beta1), beta2 = T(method.beta2), rate = T(rate), epsilon = T(method.epsilon),
          root_correction = T(1 / std::sqrt(moment_correction(method, method.beta2, t))),
          shrink = T(1 - method.learning_rate * weight_decay)](T& x, T g, T& m, T& v, T& w) {
    m += (1 - beta1) * (g - m);
    v += (1 - beta2) * (g * g - v);
    if constexpr (largest) w = v > w ? v : w;
    const T second = largest ? w : v;
    x = x * shrink - rate * m / (math::sqrt(second) * root_correction + epsilon);
  };
}

// P = (1 - beta1^t) (sqrt(v^) + epsilon), so that the rate is that of the formula without correction of m. The decay
// alone takes learning_rate weight_decay from the 2 with which a step would turn theta around.
template <class M>
Stability adam_stability(const M& method, double weight_decay, std::int64_t t, const Tensor& second) {
  const double rate = method.learning_rate, beta1 = method.beta1;
  const double turn = 2 - rate * weight_decay;
  return {turn / (rate * moment_turned(beta1)),
          root_preconditioner(second, method.epsilon, 1 / std::sqrt(moment_correction(method, method.beta2, t)),
                              moment_correction(method, beta1, t)),
          turn};
}

struct Adam {
  double learning_rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  bool amsgrad = false, bias_correction = true;

  static constexpr Description describe() {
    return {"adam",
            "Kingma & Ba (2015), Algorithm 1",
            R"(
            m <- beta1 m + (1 - beta1) g
            v <- beta2 v + (1 - beta2) g^2
            m^ = m / (1 - beta1^t);  v^ = v / (1 - beta2^t)
            theta <- theta - learning_rate m^ / (sqrt(v^) + epsilon)
            )",
            R"(
            Epsilon stands outside the root and after the correction of v, as in the paper and PyTorch; Keras adds it
            before the correction (the paper's "epsilon hat"). With amsgrad the maximum of v over time is taken and then
            corrected, as in PyTorch. Without bias_correction m^ = m and v^ = v; beta1 = 0 is then rmsprop with rho =
            beta2.
            )",
            {field<&Adam::learning_rate>(positive(), "step size"),
             field<&Adam::beta1>(decay(), "decay of the first moment"),
             field<&Adam::beta2>(decay(), "decay of the second moment"),
             field<&Adam::epsilon>(positive(), "added to the root of the second moment"),
             field<&Adam::amsgrad>("use the largest second moment so far (Reddi et al. 2018)"),
             field<&Adam::bias_correction>("correct both moments for their start at 0")},
            {"first_moment", "second_moment", state_if<&Adam::amsgrad>("largest_second_moment")}};
  }
  Stability stability(std::int64_t t, std::span<const Tensor> states) const {
    return adam_stability(*this, 0, t, states[2].defined() ? states[2] : states[1]);
  }
  template <class T, bool largest>
  auto update(std::int64_t t) const {
    return adam_update<T, largest>(*this, 0, t);
  }
};

struct AdamW {
  double learning_rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0.01;
  bool amsgrad = false;

  static constexpr Description describe() {
    return {
        "adamw",
        "Loshchilov & Hutter (2019), Algorithm 2",
        R"(
            m <- beta1 m + (1 - beta1) g
            v <- beta2 v + (1 - beta2) g^2
            m^ = m / (1 - beta1^t);  v^ = v / (1 - beta2^t)
            theta <- (1 - learning_rate weight_decay) theta - learning_rate m^ / (sqrt(v^) + epsilon)
            )",
        R"(
            The moments are those of adam, and so is amsgrad. The decay is multiplied by the rate, as in PyTorch; the
            paper multiplies it by the schedule's factor alone.
            )",
        {field<&AdamW::learning_rate>(positive(), "step size"),
         field<&AdamW::beta1>(decay(), "decay of the first moment"),
         field<&AdamW::beta2>(decay(), "decay of the second moment"),
         field<&AdamW::epsilon>(positive(), "added to the root of the second moment"),
         field<&AdamW::weight_decay>(non_negative(), "decoupled: theta shrinks by learning_rate * weight_decay a step"),
         field<&AdamW::amsgrad>("use the largest second moment so far (Reddi et al. 2018)")},
        {"first_moment", "second_moment", state_if<&AdamW::amsgrad>("largest_second_moment")}};
  }
  Stability stability(std::int64_t t, std::span<const Tensor> states) const {
    return adam_stability(*this, weight_decay, t, states[2].defined() ? states[2] : states[1]);
  }
  template <class T, bool largest>
  auto update(std::int64_t t) const {
    return adam_update<T, largest>(*this, weight_decay, t);
  }
};

struct Amsgrad {
  double learning_rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;

  static constexpr Description describe() {
    return {"amsgrad",
            "Reddi, Kale & Kumar (2018), Algorithm 2",
            R"(
            m <- beta1 m + (1 - beta1) g
            v <- beta2 v + (1 - beta2) g^2
            w <- max(w, v)
            m^ = m / (1 - beta1^t);  w^ = w / (1 - beta2^t)
            theta <- theta - learning_rate m^ / (sqrt(w^) + epsilon)
            )",
            R"(
            adam with its flag amsgrad. The maximum of v over time is taken and then corrected, as in PyTorch; the paper
            corrects nothing and has no epsilon, Optax corrects v before it takes the maximum.
            )",
            {field<&Amsgrad::learning_rate>(positive(), "step size"),
             field<&Amsgrad::beta1>(decay(), "decay of the first moment"),
             field<&Amsgrad::beta2>(decay(), "decay of the second moment"),
             field<&Amsgrad::epsilon>(positive(), "added to the root of the second moment")},
            {"first_moment", "second_moment", "largest_second_moment"}};
  }
  Stability stability(std::int64_t t, std::span<const Tensor> states) const {
    return adam_stability(*this, 0, t, states[2]);
  }
  template <class T>
  auto update(std::int64_t t) const {
    return adam_update<T, true>(*this, 0, t);
  }
};

}  // namespace gradus::optim
