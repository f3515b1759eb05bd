// SOAP: Adam in the eigenbasis of Shampoo's preconditioner.
#pragma once

#include "optim/optimizer.h"

namespace gradus::optim {

struct Soap {
  double learning_rate = 3e-3, beta1 = 0.95, beta2 = 0.95, epsilon = 1e-8, weight_decay = 0.01;
  std::int64_t update_interval = 10, max_dimension = 10000;

  static constexpr Family family = Family::layerwise;
  static constexpr Description describe() {
    return {
        "soap",
        "Vyas et al. (2024), Algorithm 3",
        R"(
            slices of rank >= 2, as matrices with the last axis as columns, from the second step on, t = 1, 2, ...:
              M <- beta1 M + (1 - beta1) G;  V <- beta2 V + (1 - beta2) (A G B^T)^2
              N = A^T ((A M B^T) / (sqrt(V) + epsilon)) B
              theta <- (1 - learning_rate weight_decay) (theta - learning_rate sqrt(1 - beta2^t) / (1 - beta1^t) N)
            and from the first on:
              L <- beta2 L + G G^T;  R <- beta2 R + G^T G
              at first: A, B = the eigenvectors of L and R as rows;  every update_interval steps:
              the rows of A L, from the largest (A L A^T)_ii to the least, made orthonormal; B from R likewise
            other slices: the same with A = B = I
            )",
        R"(
        As in the authors' code, the first gradient makes the eigenvectors and moves nothing, V follows the
        order of the eigenvectors but keeps its numbers where they turn, and the decay follows the step. A slice
        of rank above 2 is one matrix; theirs has a factor for each axis. pytorch_optimizer makes the rows
        orthonormal in float32. Eigenvectors are arbitrary where the first gradient has not full rank. Optax and
        Keras do not have the method.
        )",
        {field<&Soap::learning_rate>(positive(), "step size"),
         field<&Soap::beta1>(decay(), "decay of the first moment"),
         field<&Soap::beta2>(decay(), "decay of the second moment and of the statistics"),
         field<&Soap::epsilon>(positive(), "added to the root of the second moment"),
         field<&Soap::weight_decay>(non_negative(), "decoupled: theta shrinks by learning_rate * weight_decay a step"),
         field<&Soap::update_interval>(at_least(1), "steps from one change of basis to the next"),
         field<&Soap::max_dimension>(at_least(1), "sides longer than this keep their axes")},
        {"first_moment", "second_moment", "row_statistics", "column_statistics", "row_basis", "column_basis"}};
  }
};
std::unique_ptr<Optimizer> make(const Soap& method, const RandomStream& = RandomStream(0));

}  // namespace gradus::optim
