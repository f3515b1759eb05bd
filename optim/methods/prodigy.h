// Prodigy in the form of Adam: d estimates the distance to a solution, from below.
#pragma once

#include "optim/elementwise.h"
#include "optim/layerwise.h"

namespace gradus::optim {

struct Prodigy {
  double learning_rate = 1, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0, initial_distance = 1e-6;

  struct Memory {
    double numerator = 0, distance = 0;  // r and d; d is 0 before the first step
  };
  static constexpr Family family = Family::layerwise;
  static constexpr Description describe() {
    return {"prodigy",
            "Mishchenko & Defazio (2024), Algorithm 4",
            R"(
            m <- beta1 m + (1 - beta1) d g
            v <- beta2 v + (1 - beta2) d^2 g^2
            r <- sqrt(beta2) r + (1 - sqrt(beta2)) learning_rate d^2 <g, x0 - theta>, x0 being the start
            s <- sqrt(beta2) s + (1 - sqrt(beta2)) learning_rate d^2 g
            theta <- theta - learning_rate d (m / (sqrt(v) + d epsilon) + weight_decay theta)
            d <- max(d, r / |s|_1)
            )",
            R"(
            One d for all of theta. The moments are not corrected for their start, as in the paper; the authors' code
            can correct them and Optax does, and both divide r and s by the initial distance, which cancels. Their
            epsilon is multiplied by the new d. PyTorch and Keras do not have the method.
            )",
            {field<&Prodigy::learning_rate>(positive(), "factor of the rate that is found"),
             field<&Prodigy::beta1>(decay(), "decay of the first moment"),
             field<&Prodigy::beta2>(decay(), "decay of the second moment; its root is that of r and s"),
             field<&Prodigy::epsilon>(positive(), "added to the root of the second moment, times d"),
             field<&Prodigy::weight_decay>(non_negative(),
                                           "decoupled: theta shrinks by learning_rate * d * weight_decay a step"),
             field<&Prodigy::initial_distance>(positive(), "where d starts; it only grows")},
            {"first_moment", "second_moment", "weighted_sum", from_theta("start")},
            {kept<&Memory::numerator>("numerator"), kept<&Memory::distance>("distance")}};
  }
  double entering(double d) const { return (1 - std::sqrt(beta2)) * learning_rate * d * d; }
  void before(Memory& memory, const Tensor& theta, const Tensor& gradient, std::span<const Tensor> states) const {
    if (memory.distance == 0) memory.distance = initial_distance;
    memory.numerator = std::sqrt(beta2) * memory.numerator +
                       entering(memory.distance) * dot_with_difference(gradient, states[3], theta);
  }
  template <class T>
  auto update(Memory& memory) const {
    const double d = memory.distance;
    return [rate = T(learning_rate * d), beta1 = T(beta1), fresh1 = T((1 - beta1) * d), beta2 = T(beta2), d = T(d),
            fresh2 = T(1 - beta2), kept = T(std::sqrt(beta2)), entering = T(entering(d)), epsilon = T(d * epsilon),
            weight_decay = T(weight_decay)](T& x, T g, T& m, T& v, T& s, T&) {
      m = beta1 * m + fresh1 * g;
      v = beta2 * v + fresh2 * (d * g) * (d * g);
      s = kept * s + entering * g;
      x -= rate * (m / (math::sqrt(v) + epsilon) + weight_decay * x);
    };
  }
  void after(Memory& memory, std::span<const Tensor> states) const {
    if (const double size = norm_1(states[2]); size > 0)
      memory.distance = std::max(memory.distance, memory.numerator / size);
  }
};

}  // namespace gradus::optim
