// K-FAC: a layer's curvature as a Kronecker product. Convolutions: Grosse & Martens (2016); clipping: Ba, Grosse &
// Martens (2017), section 5.
#pragma once

#include "optim/optimizer.h"

namespace gradus::optim {

struct Kfac {
  enum class Rescaling { quadratic_model, kl_clip };

  double learning_rate = 1, momentum = 0.9, initial_damping = 0.1, factor_decay = 0.95;
  Rescaling rescaling = Rescaling::quadratic_model;
  double kl_bound = 1e-3, plain_learning_rate = 0.01;
  std::int64_t factor_interval = 1, inverse_interval = 20, adaptation_interval = 5;

  static constexpr Family family = Family::curvature;
  static constexpr Description describe() {
    return {
        .name = "kfac",
        .source = "Martens & Grosse (2015); Grosse & Martens (2016)",
        .formula = R"(
        A <- c A + (1 - c) mean a a^T
        G <- c G + (1 - c) mean g g^T for drawn labels;  c = min(1 - 1 / k, factor_decay)
        Delta = -(A + pi sqrt(lambda) I)^-1 dW (G + sqrt(lambda) / pi I)^-1
        quadratic_model: delta <- learning_rate (a Delta + m delta), a and m minimising g^T d + d^T (F + lambda I) d / 2
        kl_clip: delta <- momentum delta + learning_rate min(1, sqrt(kl_bound / (learning_rate^2 |g^T Delta|))) Delta
        theta <- theta + delta;  other parameters: delta <- momentum delta - plain_learning_rate g
        )",
        .differences = R"(
            The factored damping is sqrt(lambda), which the paper begins with; it then also tries neighbours of it. Two
            programs for PyTorch clip as kl_clip does: kfac-pytorch (gpauloski) with the given labels in place of drawn
            ones, KFAC-Pytorch (alecwangcq) with drawn ones.
            )",
        .fields =
            {field<&Kfac::learning_rate>(positive(), "factor of the step"),
             field<&Kfac::momentum>(
                 decay(),
                 "share of the step before; with quadratic_model, 0 leaves it out and the model chooses otherwise"),
             field<&Kfac::initial_damping>(positive(), "weight of the identity at the first step; lambda"),
             field<&Kfac::factor_decay>(decay(), "decay of the factors' moving averages"),
             field<&Kfac::rescaling>(one_of({"quadratic_model", "kl_clip"}), "how long a step is"),
             field<&Kfac::kl_bound>(positive(), "of the step's squared length in the factored metric, with kl_clip"),
             field<&Kfac::plain_learning_rate>(positive(),
                                               "of parameters that belong to no dense layer or convolution"),
             field<&Kfac::factor_interval>(at_least(1), "steps from one estimate of the factors to the next"),
             field<&Kfac::inverse_interval>(at_least(1), "steps from one inversion to the next"),
             field<&Kfac::adaptation_interval>(
                 at_least(0), "steps from one change of the damping to the next, with quadratic_model; 0: never")},
        .retired = {drawn_from_stream("label_seed")}};
  }
};
std::unique_ptr<Optimizer> make(const Kfac& method, const RandomStream& stream = RandomStream(0));

}  // namespace gradus::optim
