// Adam with D-Adaptation: d estimates the distance to a solution, from below.
#pragma once

#include <algorithm>

#include "autodiff/tensor/sums.h"
#include "optim/elementwise.h"
#include "optim/layerwise.h"

namespace gradus::optim {

struct DAdaptAdam {
  double learning_rate = 1, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0, initial_distance = 1e-6;

  struct Memory {
    double numerator = 0, distance = 0;  // r and d; d is 0 before the first step
  };
  static constexpr Family family = Family::layerwise;
  static constexpr Description describe() {
    return {"dadapt_adam",
            "Defazio & Mishchenko (2023), Algorithm 5",
            R"(
            r <- sqrt(beta2) r + (1 - sqrt(beta2)) learning_rate d <g, s / (sqrt(v) + epsilon)>
            m <- beta1 m + (1 - beta1) learning_rate d g
            v <- beta2 v + (1 - beta2) g^2
            s <- sqrt(beta2) s + (1 - sqrt(beta2)) learning_rate d g
            theta <- (1 - learning_rate d weight_decay) theta - m / (sqrt(v) + epsilon)
            d <- max(d, r / ((1 - sqrt(beta2)) |s|_1))
            )",
            R"(
            One d for all of theta. The scalar product of r has the v of the step before, as in the authors' code; in
            the paper it has the new one, and there is no weight decay. The moments are not corrected for their start,
            as in the paper; the authors' code can do it. PyTorch and Keras do not have the method.
            )",
            {field<&DAdaptAdam::learning_rate>(positive(), "factor of the rate that is found"),
             field<&DAdaptAdam::beta1>(decay(), "decay of the first moment"),
             field<&DAdaptAdam::beta2>(decay(), "decay of the second moment; its root is that of r and s"),
             field<&DAdaptAdam::epsilon>(positive(), "added to the root of the second moment"),
             field<&DAdaptAdam::weight_decay>(non_negative(),
                                              "decoupled: theta shrinks by learning_rate * d * weight_decay a step"),
             field<&DAdaptAdam::initial_distance>(positive(), "where d starts; it only grows")},
            {"first_moment", "second_moment", "weighted_sum"},
            {kept<&Memory::numerator>("numerator"), kept<&Memory::distance>("distance")}};
  }
  void before(Memory& memory, const Tensor&, const Tensor& gradient, std::span<const Tensor> states) const {
    if (memory.distance == 0) memory.distance = initial_distance;
    const auto term = [e = epsilon](double g, double s, double v) { return g * s / (math::sqrt(v) + e); };
    const double root = std::sqrt(beta2), product = vectors::sum_over(term, gradient, states[2], states[1]);
    memory.numerator = root * memory.numerator + (1 - root) * learning_rate * memory.distance * product;
  }
  template <class T>
  auto update(Memory& memory) const {
    const double rate = learning_rate * memory.distance, root = std::sqrt(beta2);
    return [beta1 = T(beta1), of_moment = T((1 - beta1) * rate), fresh2 = T(1 - beta2), root = T(root),
            of_sum = T((1 - root) * rate), epsilon = T(epsilon),
            shrink = T(1 - rate * weight_decay)](T& x, T g, T& m, T& v, T& s) {
      m = beta1 * m + of_moment * g;
      v += fresh2 * (g * g - v);
      s = root * s + of_sum * g;
      x = x * shrink - m / (math::sqrt(v) + epsilon);
    };
  }
  void after(Memory& memory, std::span<const Tensor> states) const {
    if (const double size = vectors::norm_1(states[2]); size > 0)
      memory.distance = std::max(memory.distance, memory.numerator / ((1 - std::sqrt(beta2)) * size));
  }
};

}  // namespace gradus::optim
