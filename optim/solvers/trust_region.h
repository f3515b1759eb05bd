// The trust-region subproblem: the least m(p) = g.p + p.A p / 2 with |p| <= radius.
#pragma once

#include <span>
#include <vector>

#include "optim/solvers/conjugate_gradient.h"

namespace gradus::optim {

// The global solution for a tridiagonal matrix with `diagonal` (k numbers) and `beside` (k - 1), and g = (gamma, 0,
// ..., 0): (T + lambda I) h = -g with T + lambda I positive semi-definite, lambda >= 0, lambda (radius - |h|) = 0 (Moré
// & Sorensen 1983; Gould, Lucidi, Roma & Toint 1999, section 5.2), the hard case included.
struct TridiagonalStep {
  std::vector<double> h;
  double lambda = 0;
  bool positive_definite = true;  // T itself
  double model_change = 0;
};
TridiagonalStep tridiagonal_trust_region(std::span<const double> diagonal, std::span<const double> beside, double gamma,
                                         double radius);

// GLTR (Gould, Lucidi, Roma & Toint 1999): a Lanczos basis of the Krylov space of g is built, orthonormal in the norm
// of the preconditioner and orthogonalised fully, and the subproblem is solved in it, until the residual |(A + lambda
// M) p + g| is tolerance |g| or, at the boundary, the last product changed the model by less than `boundary_tolerance`
// of what it has gained. So the solution at the boundary is as good as one inside, unlike Steihaug's. Keeps one vector
// for each product, two with a preconditioner.
class LanczosTrustRegion {
 public:
  // converged: the solution lies inside; boundary: on the boundary, for a model that is convex as far as it was
  // explored; negative_curvature: on the boundary, for one that is not.
  InnerResult solve(const LinearOperator& a, const Tensor& g, const Preconditioner& preconditioner, double radius,
                    double tolerance, double boundary_tolerance, std::int64_t max_iterations, const Tensor& p);
  // The solution for another radius in the space that was built; without products.
  InnerResult solve_again(double radius, const Tensor& p) const;

 private:
  const Tensor& vector(std::vector<Tensor>& set, std::size_t i, const Tensor& theta);
  InnerResult assemble(const TridiagonalStep& step, const Tensor& p) const;

  std::vector<Tensor> basis_, images_;  // q_i and, with a preconditioner, M q_i
  std::vector<double> diagonal_, beside_;
  double gamma_ = 0, next_beside_ = 0;
  bool broke_ = false;  // a product was not finite
  bool at_limit_ = false;
  Tensor product_, solved_;
};

}  // namespace gradus::optim
