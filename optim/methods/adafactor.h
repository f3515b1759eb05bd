// Adafactor without a first moment.
#pragma once

#include <memory>

#include "optim/optimizer.h"

namespace gradus::optim {

struct Adafactor {
  double learning_rate = 0.01, decay_exponent = 0.8, epsilon1 = 1e-30, epsilon2 = 1e-3, clip_threshold = 1;
  bool scale_parameter = true;

  static constexpr Family family = Family::layerwise;
  static constexpr Description describe() {
    return {"adafactor",
            "Shazeer & Stern (2018), Algorithms 4 and 5",
            R"(
            for each slice of theta:
              alpha = learning_rate max(epsilon2, RMS(theta)) if scale_parameter, else learning_rate
              beta_t = 1 - t^-decay_exponent;  s = g^2 + epsilon1
              rank >= 2: R <- beta_t R + (1 - beta_t) (mean of s over the last axis), C likewise over all others
                         V_ij = R_i C_j / mean(R)
              rank <= 1: V <- beta_t V + (1 - beta_t) s
              U = g / sqrt(V)
              theta <- theta - alpha U / max(1, RMS(U) / clip_threshold)
            )",
            R"(
            There is no first moment and no relative step size min(0.01, 1/sqrt(t)): the rate is learning_rate or its
            schedule. A slice of rank above 2 is one matrix; PyTorch and Keras factor over its last two axes, Optax over
            its two longest if both are at least 128. PyTorch and Keras bound the rate by 1/sqrt(t). PyTorch's epsilon1
            is the least value of sqrt(V), by default the machine epsilon.
            )",
            {field<&Adafactor::learning_rate>(
                 positive(), "step size, relative to the root mean square of a slice if scale_parameter"),
             field<&Adafactor::decay_exponent>(positive(), "the second moment decays by 1 - t^-decay_exponent"),
             field<&Adafactor::epsilon1>(positive(), "added to the gradient's squares"),
             field<&Adafactor::epsilon2>(positive(), "the least root mean square of a slice that scales its step"),
             field<&Adafactor::clip_threshold>(positive(), "the largest root mean square of a step, before its size"),
             field<&Adafactor::scale_parameter>("steps are relative to the root mean square of the slice")},
            {"row_moment", "column_moment", "second_moment"}};
  }
};
std::unique_ptr<Optimizer> make(const Adafactor& method, const RandomStream& = RandomStream(0));

}  // namespace gradus::optim
