// The preconditioner of a Newton method, chosen by name and kept up to date.
#pragma once

#include "optim/curvature/conjugate_gradient.h"

namespace gradus::optim {

// The choices of "preconditioner":
//   none
//   jacobi            |diag A| by Hutchinson's estimator (Bekas, Kokiopoulou & Saad 2007) with "probes" products each
//   time it is
//                     made anew, every "preconditioner_interval" steps
//   empirical_fisher  (mean of the squares of the examples' gradients + damping)^(3/4) (Martens 2010, section 4.7), at
//   each step lbfgs             from the pairs of the last "history" steps
class NewtonPreconditioner {
 public:
  explicit NewtonPreconditioner(const Settings& settings);
  static std::vector<Hyperparameter> hyperparameters();

  // Brings it up to date for a step from the objective's point; `times` is the product of the curvature. The Fisher
  // diagonal is read from the objective.
  const Preconditioner& at(Objective& objective, const Product& times, const Tensor& theta, double damping);
  // Whether learn() is of use: it needs the gradient at the end of a step.
  bool learns() const { return kind_ == Kind::lbfgs; }
  void learn(const Tensor& step, const Tensor& gradient_change) { pairs_.add(step, gradient_change); }
  void visit(StateVisitor& visitor);

 private:
  enum class Kind { none, jacobi, empirical_fisher, lbfgs } kind_;
  void estimate_diagonal(const Product& times, const Tensor& theta);

  std::int64_t probes_, interval_;
  RandomStream stream_;
  std::int64_t step_ = 0;
  IdentityPreconditioner identity_;
  DiagonalPreconditioner diagonal_;
  LbfgsMemory pairs_;
  LbfgsPreconditioner lbfgs_;
  Tensor probe_, product_;
};

}  // namespace gradus::optim
