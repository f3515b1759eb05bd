// AdaHessian: Adam with the Hessian's diagonal, by Hutchinson's estimator, in place of the gradient's squares.
#pragma once

#include "optim/optimizer.h"

namespace gradus::optim {

struct AdaHessian {
  double learning_rate = 0.15, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-4, hessian_power = 1, weight_decay = 0;
  bool spatial_averaging = true;
  std::int64_t update_interval = 1;

  static constexpr Family family = Family::curvature;
  static constexpr Description describe() {
    return {.name = "adahessian",
            .source = "Yao et al. (2021), Algorithm 1",
            .formula = R"(
            D = z * (H z), z of random signs;  a mean over each kernel of a convolution
            m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) D^2
            m^ = m / (1 - beta1^t);  v^ = v / (1 - beta2^t)
            theta <- (1 - learning_rate weight_decay) theta - learning_rate m^ / (sqrt(v^)^hessian_power + epsilon)
            )",
            .differences = R"(
        The mean over a kernel is that of D, as in the paper's equation; its authors' program takes that of |D|. With
        update_interval > 1, v^ is corrected by the number of estimates.
        )",
            .fields = {field<&AdaHessian::learning_rate>(positive(), "step size"),
                       field<&AdaHessian::beta1>(decay(), "decay of the first moment"),
                       field<&AdaHessian::beta2>(decay(), "decay of the squared diagonal's mean"),
                       field<&AdaHessian::epsilon>(positive(), "added to the power of the root of the second moment"),
                       field<&AdaHessian::hessian_power>(between(0, 1), "exponent of the root of the second moment"),
                       field<&AdaHessian::weight_decay>(
                           non_negative(), "decoupled: theta shrinks by learning_rate * weight_decay a step"),
                       field<&AdaHessian::spatial_averaging>(
                           "the diagonal's mean over the places of a convolution's kernel"),
                       field<&AdaHessian::update_interval>(at_least(1),
                                                           "steps from one estimate of the diagonal to the next")},
            .retired = {drawn_from_stream("probe_seed")}};
  }
};
std::unique_ptr<Optimizer> make(const AdaHessian& method, const RandomStream& stream = RandomStream(0));

}  // namespace gradus::optim
