// The eigenvalues of largest magnitude with next to no memory: power iteration (von Mises & Pollaczek-Geiringer 1929),
// each pair found being projected out of what follows. It holds count + 1 vectors of the operator's type and two of
// float64.
#pragma once

#include "autodiff/curvature/eigenpairs.h"
#include "autodiff/tensor/linear_operator.h"
#include "autodiff/tensor/random.h"

namespace gradus {

struct PowerOptions {
  std::int64_t count = 1;  // eigenvalues
  // On the residual, relative to |λ| and never below 32 rounding units of ‖A‖; the part of the residual along the pairs
  // found before, which is of the size of theirs, does not count.
  double tolerance = 1e-5;
  std::int64_t max_products = 1000;  // for all pairs together
  bool vectors = false;              // return the eigenvectors too
};

// It needs about log(1/tolerance) / log(|λ_i| / |λ_i+1|) products a pair, and never converges on a pair λ, -λ: lanczos
// does better in both cases. At the product limit the pairs may be fewer than asked, and the one under way is among
// them; if a product is not finite, those found before are returned. Throws std::invalid_argument for impossible
// options.
EigenPairs power_iteration(const LinearOperator& a, RandomStream& random, const PowerOptions& options = {});

}  // namespace gradus
