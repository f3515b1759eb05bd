// Shampoo.
#pragma once

#include <memory>

#include "optim/optimizer.h"

namespace gradus::optim {

struct Shampoo {
  double learning_rate = 0.1, epsilon = 1e-4, momentum = 0;
  std::int64_t update_interval = 1, max_dimension = 1024;

  static constexpr Family family = Family::layerwise;
  static constexpr Description describe() {
    return {"shampoo",
            "Gupta, Koren & Singer (2018), Algorithms 1 and 2",
            R"(
            slices of rank >= 2, as matrices with the last axis as columns:
              L <- L + G G^T;  R <- R + G^T G, from epsilon I
              U = L^(-1/4) G R^(-1/4), the roots being computed anew every update_interval steps
            other slices:
              v <- v + g^2, from epsilon
              U = g / sqrt(v)
            B <- momentum B + U
            theta <- theta - learning_rate B
            )",
            R"(
            A slice of rank above 2 is one matrix, where the paper's Algorithm 2 has a factor for each axis. A side
            longer than max_dimension is left out and the other's power stays -1/4. Statistics are sums, as in the
            paper; later implementations average them and scale the step by another method's. The velocity exists only
            if momentum is not 0 at the start. PyTorch, Optax and Keras do not have the method.
            )",
            {field<&Shampoo::learning_rate>(positive(), "step size"),
             field<&Shampoo::epsilon>(positive(), "where the diagonals of the statistics start"),
             field<&Shampoo::momentum>(decay(), "decay of the velocity; 0 for none"),
             field<&Shampoo::update_interval>(at_least(1), "steps from one computation of the roots to the next"),
             field<&Shampoo::max_dimension>(at_least(1), "sides of a matrix longer than this have no statistics")},
            {"row_statistics", "column_statistics", "diagonal_statistics", optional_state("row_roots"),
             optional_state("column_roots"), state_if<&Shampoo::momentum>("velocity")}};
  }
};
std::unique_ptr<Optimizer> make(const Shampoo& method, const RandomStream& = RandomStream(0));

}  // namespace gradus::optim
