// Muon.
#pragma once

#include <memory>

#include "optim/optimizer.h"

namespace gradus::optim {

struct Muon {
  double learning_rate = 0.02, momentum = 0.95;
  bool nesterov = true;
  std::int64_t newton_schulz_steps = 5;
  double weight_decay = 0, adam_learning_rate = 3e-4, beta1 = 0.9, beta2 = 0.95, epsilon = 1e-10;

  static constexpr Family family = Family::layerwise;
  static constexpr Description describe() {
    return {"muon",
            "Jordan et al. (2024)",
            R"(
            slices of rank >= 2 without the tag embedding, as matrices with the last axis as columns:
              B <- momentum B + (1 - momentum) G
              U = (1 - momentum) G + momentum B if nesterov, else B
              X = U / (|U| + 1e-7)
              newton_schulz_steps times: A = X X^T;  X <- 3.4445 X + (-4.7750 A + 2.0315 A A) X
              theta <- (1 - learning_rate weight_decay) theta - learning_rate sqrt(max(1, columns / rows)) X
            other slices: adamw with adam_learning_rate, beta1, beta2, epsilon, weight_decay
            )",
            R"(
            Columns are a layer's outputs here, rows in PyTorch's layers: the factor of the step is the same. The
            momentum is an average, as in the authors' later code; the first version added the whole gradient, which the
            normalization undoes. The products are in theta's precision, the authors' and PyTorch's in bfloat16. PyTorch
            divides by max(|U|, 1e-7); Optax corrects B for its start, and with nesterov its step of the other slices
            looks ahead too. The authors give the output layer to AdamW too; here it is a matrix like any other.
            )",
            {field<&Muon::learning_rate>(positive(), "step size of matrices"),
             field<&Muon::momentum>(decay(), "decay of the matrices' momentum"),
             field<&Muon::nesterov>("orthogonalize the look-ahead momentum"),
             field<&Muon::newton_schulz_steps>(at_least(0), "iterations towards an orthogonal matrix"),
             field<&Muon::weight_decay>(non_negative(), "decoupled: theta shrinks by its rate * weight_decay a step"),
             field<&Muon::adam_learning_rate>(positive(), "step size of all other slices"),
             field<&Muon::beta1>(decay(), "decay of their first moment"),
             field<&Muon::beta2>(decay(), "decay of their second moment"),
             field<&Muon::epsilon>(positive(), "added to the root of their second moment")},
            {"momentum", "first_moment", "second_moment"}};
  }
};
std::unique_ptr<Optimizer> make(const Muon& method, const RandomStream& = RandomStream(0));

}  // namespace gradus::optim
