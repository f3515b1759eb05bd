// Linear systems with a matrix that is known by its products alone.
#pragma once

#include <cstdint>
#include <vector>

#include "autodiff/tensor/linear_operator.h"
#include "optim/optimizer.h"
#include "optim/solvers/preconditioner.h"

namespace gradus::optim {

// What a solver for a step p of the model m(p) = g.p + p.A p / 2 reports.
struct InnerResult {
  // converged: the residual is small enough; negative_curvature, boundary: see the solver; iteration_limit; not_finite:
  // a product is not finite, and p is what was found before.
  Reason reason = Reason::converged;
  std::int64_t iterations = 0;  // products
  double residual = 0;          // |g + A p| / |g|, in the norm of the inverse preconditioner
  double model_change = 0;      // m(p) <= 0
  double norm = 0;              // |p| in the norm of the preconditioner
};

// Curvature along d counts as positive if d.A d > zero_curvature * epsilon * (the largest Rayleigh quotient seen) *
// |d|^2: what is below is rounding. The test does not depend on the scale of A, of d or of g.
inline constexpr double zero_curvature = 4;

// The vectors of conjugate gradients, kept between calls.
struct ConjugateGradientMemory {
  Tensor residual, preconditioned, direction, product;
};

// Preconditioned conjugate gradients for A p = -g from p = 0 (Hestenes & Stiefel 1952), until |r| <= tolerance |g| in
// the norm of the inverse preconditioner, or `max_iterations` products. At a direction d of curvature that is not
// positive: stops with negative_curvature, after adding |r|^2 / |d.A d| times d to p: the step that conjugate gradients
// would take if the curvature had the other sign, which is a descent direction and has the scale of a Newton step.
// Where the curvature is zero by comparison, the largest curvature seen times sqrt(epsilon) stands for |d.A d|, and if
// there is none, the step is as long as `length_without_curvature`.
InnerResult conjugate_gradient(const LinearOperator& a, const Tensor& g, const Preconditioner& preconditioner,
                               double tolerance, std::int64_t max_iterations, double length_without_curvature,
                               ConjugateGradientMemory& memory, const Tensor& p);

// The same within |p| <= radius, in the norm of the preconditioner (Steihaug 1983; Toint 1981): stops where a step of
// conjugate gradients leaves the region (boundary), or where curvature is not positive, at the boundary along that
// direction (negative_curvature).
InnerResult steihaug(const LinearOperator& a, const Tensor& g, const Preconditioner& preconditioner, double radius,
                     double tolerance, std::int64_t max_iterations, ConjugateGradientMemory& memory, const Tensor& p);

}  // namespace gradus::optim
