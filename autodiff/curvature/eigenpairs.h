// Eigenvalues and eigenvectors as an iterative method found them, and why it stopped.
#pragma once

#include <cstdint>
#include <vector>

#include "autodiff/tensor/tensor.h"

namespace gradus {

enum class Stopped : std::uint8_t {
  converged,           // every residual is within the tolerance
  invariant_subspace,  // the Krylov space maps into itself: its eigenvalues are exact up to rounding
  product_limit,       // as many products as allowed; the residuals say how good the pairs are
  rounding,            // the method is done, but the rounding of the products keeps a residual above the tolerance
  not_finite           // a product held a NaN or an infinity
};

// "converged", "invariant_subspace", ...
const char* name_of(Stopped reason);

struct EigenPairs {
  std::vector<double> values = {};     // in the order asked for
  std::vector<double> residuals = {};  // ‖A x - λ x‖, each computed from a product with x, ‖x‖ = 1
  // [values.size(), size] in the operator's type, an eigenvector in a row; undefined unless asked for.
  Tensor vectors = {};
  Stopped stopped = Stopped::converged;
  std::int64_t products = 0;  // spent, those for the residuals included
};

}  // namespace gradus
