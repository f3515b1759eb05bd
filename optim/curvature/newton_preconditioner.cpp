#include "optim/curvature/newton_preconditioner.h"

#include <algorithm>

#include "autodiff/curvature/probe.h"
#include "optim/curvature/vectors.h"

namespace gradus::optim {
namespace {

const std::vector<std::string> names = {"none", "jacobi", "empirical_fisher", "lbfgs"};
// The least element of a diagonal, relative to the mean: an estimate by probes may be near 0 by chance.
constexpr double least_of_estimate = 0.01, least_of_squares = 1e-6;

// sum += z ⊙ Az
void add_product(const Tensor& z, const Tensor& az, const Tensor& sum) {
  with_floating(z.dtype(), [&]<class T>(T) {
    const T *a = z.data<T>(), *b = az.data<T>();
    T* to = sum.data<T>();
    for (std::int64_t i = 0; i < z.size(); ++i) to[i] += a[i] * b[i];
  });
}

}  // namespace

NewtonPreconditioner::NewtonPreconditioner(const Settings& settings)
    : kind_(
          static_cast<Kind>(std::find(names.begin(), names.end(), settings.choice("preconditioner")) - names.begin())),
      probes_(settings.count("probes")),
      interval_(settings.count("preconditioner_interval")),
      stream_(settings.stream),
      pairs_(settings.count("history")),
      lbfgs_(pairs_) {}

std::vector<Hyperparameter> NewtonPreconditioner::hyperparameters() {
  return {choice("preconditioner", "none", names, "of the inner solver; empirical_fisher needs gradient_squares"),
          count("probes", 10, 1, "products for an estimate of the diagonal (jacobi)"),
          count("preconditioner_interval", 10, 1, "steps until the diagonal is estimated anew (jacobi)"),
          count("history", 10, 1, "pairs of steps and gradient changes (lbfgs)")};
}

const Preconditioner& NewtonPreconditioner::at(Objective& objective, const Product& times, const Tensor& theta,
                                               double damping) {
  switch (kind_) {
    case Kind::none:
      return identity_;
    case Kind::lbfgs:
      return lbfgs_;
    case Kind::jacobi:
      if (step_++ % interval_ == 0 || !diagonal_.diagonal().defined()) estimate_diagonal(times, theta);
      return diagonal_;
    case Kind::empirical_fisher:
      break;
  }
  objective.gradient_squares(vectors::like(diagonal_.diagonal(), theta));
  diagonal_.normalize(damping, 0.75, least_of_squares);
  return diagonal_;
}

void NewtonPreconditioner::estimate_diagonal(const Product& times, const Tensor& theta) {
  const Tensor& sum = vectors::like(diagonal_.diagonal(), theta);
  sum.fill(0);
  RandomStream random = stream_.child("jacobi", static_cast<std::uint64_t>(step_));
  for (std::int64_t i = 0; i < probes_; ++i) {
    draw(Probe::rademacher, random, vectors::like(probe_, theta));
    times(probe_, vectors::like(product_, theta));
    add_product(probe_, product_, sum);
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
