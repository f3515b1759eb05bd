// A few eigenvalues at an end of the spectrum, by Lanczos (1950), "An iteration method for the solution of the
// eigenvalue problem of linear differential and integral operators", with full reorthogonalisation, and restarted with
// the best Ritz vectors as Wu & Simon (2000), "Thick-restart Lanczos method for large symmetric eigenvalue problems",
// so that the memory is bounded.
#pragma once

#include "autodiff/curvature/eigenpairs.h"
#include "autodiff/tensor/linear_operator.h"
#include "autodiff/tensor/random.h"

namespace gradus {

// The end of the spectrum, and the order of the result: falling |λ|, falling λ, rising λ.
enum class Wanted : std::uint8_t { largest_magnitude, largest, smallest };

struct LanczosOptions {
  std::int64_t count = 1;  // eigenvalues
  Wanted wanted = Wanted::largest_magnitude;
  // On ‖A x - λ x‖, relative to the width of the spectrum seen so far (so that A + cI needs what A needs), and never
  // below 32 rounding units of ‖A‖. The error of λ goes with the square of the residual.
  double tolerance = 1e-5;
  std::int64_t max_products = 1000;  // at least 2·count: one each is kept for the final residuals
  // Vectors kept at a time, count + 2 or more unless the operator is smaller; 0: 2·count + 20.
  std::int64_t basis = 0;
  // One Krylov sequence sees one copy of a repeated eigenvalue, until rounding brings in others. With this and count >
  // 1, the search goes on in random directions orthogonal to the pairs found, until such a round changes none of them;
  // it may double the products.
  bool repeated = true;
  bool vectors = false;  // return the eigenvectors too
  // Where the search begins: a vector [size] of any length with a part along what is wanted, such as an eigenvector of
  // a nearby operator, which saves products. Undefined, zero or not finite: a random direction.
  Tensor start = {};
};

// Throws std::invalid_argument for impossible options. Always `count` pairs, none if a product is not finite.
EigenPairs lanczos(const LinearOperator& a, RandomStream& random, const LanczosOptions& options = {});

}  // namespace gradus
