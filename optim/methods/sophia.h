// Sophia: a clipped step along a moment over an estimate of the curvature's diagonal.
#pragma once

#include "optim/optimizer.h"

namespace gradus::optim {

struct Sophia {
  enum class Estimator { hutchinson, gauss_newton_bartlett };

  double learning_rate = 1e-3, beta1 = 0.96, beta2 = 0.99, gamma = 0.05, epsilon = 1e-12, clip = 1, weight_decay = 0;
  Estimator estimator = Estimator::gauss_newton_bartlett;
  std::int64_t update_interval = 10;

  static constexpr Family family = Family::curvature;
  static constexpr Description describe() {
    return {
        .name = "sophia",
        .source = "Liu et al. (2024), Algorithm 3",
        .formula = R"(
            every update_interval steps: h <- beta2 h + (1 - beta2) h^
            hutchinson: h^ = z * (H z), z of random signs;  gauss_newton_bartlett: h^ = B g^ * g^ of B drawn labels
            m <- beta1 m + (1 - beta1) g
            theta <- (1 - learning_rate weight_decay) theta - learning_rate clip(m / max(gamma h, epsilon), clip)
            )",
        .differences = R"(
            As in the paper, neither m nor h is corrected for its start at zero. Optax corrects m, and an estimate of h
            counts from the step after.
            )",
        .fields = {field<&Sophia::learning_rate>(positive(), "step size"),
                   field<&Sophia::beta1>(decay(), "decay of the first moment"),
                   field<&Sophia::beta2>(decay(), "decay of the diagonal's mean"),
                   field<&Sophia::gamma>(
                       positive(), "factor of the diagonal (rho in earlier versions of the paper); smaller clips more"),
                   field<&Sophia::epsilon>(positive(), "the least value of gamma times the diagonal"),
                   field<&Sophia::clip>(positive(), "the largest element of the preconditioned moment"),
                   field<&Sophia::weight_decay>(non_negative(),
                                                "decoupled: theta shrinks by learning_rate * weight_decay a step"),
                   field<&Sophia::estimator>(one_of({"hutchinson", "gauss_newton_bartlett"}), "of the diagonal"),
                   field<&Sophia::update_interval>(at_least(1), "steps from one estimate of the diagonal to the next")},
        .retired = {drawn_from_stream("probe_seed")}};
  }
};
std::unique_ptr<Optimizer> make(const Sophia& method, const RandomStream& stream = RandomStream(0));

}  // namespace gradus::optim
