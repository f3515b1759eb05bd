// Random vectors z with E[z zᵀ] = I, the probes of the stochastic estimators.
#pragma once

#include <cstdint>

#include "autodiff/tensor/random.h"
#include "autodiff/tensor/tensor.h"

namespace gradus {

// Rademacher: each element is -1 or 1 with equal chance; zᵀ A z then has the smaller variance, 2 Σ_{i≠j} a_ij² against
// the 2 Σ a_ij² of standard normal elements.
enum class Probe : std::uint8_t { rademacher, gaussian };

// Fills a vector of a floating type.
void draw(Probe probe, RandomStream& random, const Tensor& z);

}  // namespace gradus
