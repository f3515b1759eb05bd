#include "optim/solvers/newton_preconditioner.h"

#include <algorithm>

#include "autodiff/tensor/probe.h"
#include "autodiff/tensor/vectors.h"

namespace gradus::optim {
namespace {

// The least element of a diagonal, relative to the mean: an estimate by probes may be near 0 by chance.
constexpr double least_of_estimate = 0.01, least_of_squares = 1e-6;

}  // namespace

const Preconditioner& NewtonPreconditioner::at(Objective& objective, const LinearOperator& a, const Tensor& theta,
                                               double damping) {
  switch (kind_) {
    case Kind::none:
      return identity_;
    case Kind::lbfgs:
      return lbfgs_;
    case Kind::jacobi:
      if (step_++ % interval == 0 || !diagonal_.diagonal().defined()) estimate_diagonal(a, theta);
      return diagonal_;
    case Kind::empirical_fisher:
      break;
  }
  require(objective, &Curvature::gradient_squares, "empirical_fisher")(vectors::like(diagonal_.diagonal(), theta));
  diagonal_.normalize(damping, 0.75, least_of_squares);
  return diagonal_;
}

void NewtonPreconditioner::estimate_diagonal(const LinearOperator& a, const Tensor& theta) {
  const Tensor& sum = vectors::like(diagonal_.diagonal(), theta);
  sum.fill(0);
  RandomStream random = stream_.child("jacobi", static_cast<std::uint64_t>(step_));
  for (std::int64_t i = 0; i < probes; ++i) {
    draw(Probe::rademacher, random, vectors::like(probe_, theta));
    multiply(a, probe_, vectors::like(product_, theta));
    vectors::multiply(probe_, product_, product_);
    vectors::axpy(1, product_, sum);
  }
  diagonal_.normalize(0, 1, least_of_estimate);  // a scale does not matter, so the mean is not taken
}

void NewtonPreconditioner::visit(StateVisitor& visitor) {
  if (kind_ == Kind::jacobi) {
    visitor.tensor("diagonal", diagonal_.diagonal());
    visitor.counter("step", step_);
  }
  if (kind_ == Kind::lbfgs) pairs_.visit(visitor);
}

}  // namespace gradus::optim
