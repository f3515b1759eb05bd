// The preconditioner of a Newton method, chosen by name and kept up to date.
#pragma once

#include "autodiff/tensor/linear_operator.h"
#include "autodiff/tensor/random.h"
#include "optim/objective.h"
#include "optim/solvers/preconditioner.h"

namespace gradus::optim {

// The choices of "preconditioner":
//   none
//   jacobi            |diag A| by Hutchinson's estimator (Bekas, Kokiopoulou & Saad 2007), made anew every tenth step
//   empirical_fisher  (mean of the squares of the examples' gradients + damping)^(3/4) (Martens 2010, section 4.7), at
//                     each step
//   lbfgs             from the pairs of the last steps
class NewtonPreconditioner {
 public:
  enum class Kind { none, jacobi, empirical_fisher, lbfgs };
  static constexpr settings::Range kinds() { return one_of({"none", "jacobi", "empirical_fisher", "lbfgs"}); }
  explicit NewtonPreconditioner(Kind kind = Kind::none, const RandomStream& stream = RandomStream(0))
      : kind_(kind), stream_(stream) {}
  NewtonPreconditioner(const NewtonPreconditioner&) = delete;
  NewtonPreconditioner& operator=(const NewtonPreconditioner&) = delete;

  // Brings it up to date for a step from the objective's point; `a` is the curvature. The Fisher diagonal is read from
  // the objective.
  const Preconditioner& at(Objective& objective, const LinearOperator& a, const Tensor& theta, double damping);
  // Whether learn() is of use: it needs the gradient at the end of a step.
  bool learns() const { return kind_ == Kind::lbfgs; }
  void learn(const Tensor& step, const Tensor& gradient_change) { pairs_.add(step, gradient_change); }
  void visit(StateVisitor& visitor);

 private:
  // Ten probes know a diagonal to some 30 %, which changes little from one step to the next; ten pairs are what L-BFGS
  // itself keeps.
  static constexpr std::int64_t probes = 10, interval = 10, history = 10;
  void estimate_diagonal(const LinearOperator& a, const Tensor& theta);

  Kind kind_;
  RandomStream stream_;
  std::int64_t step_ = 0;
  IdentityPreconditioner identity_;
  DiagonalPreconditioner diagonal_;
  LbfgsMemory pairs_{history};
  LbfgsPreconditioner lbfgs_{pairs_};
  Tensor probe_, product_;
};

}  // namespace gradus::optim
