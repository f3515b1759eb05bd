// A descent and a search together are a method.
#pragma once

#include "optim/descent.h"
#include "optim/search.h"
#include "optim/solvers/step.h"

namespace gradus::optim {

class DescentMethod final : public Optimizer {
 public:
  // Converged where the norm of the gradient is no larger than the tolerance. Throws std::invalid_argument, which names
  // both, where the descent's steps have another kind of size than the search proposes.
  DescentMethod(std::unique_ptr<Descent> descent, std::unique_ptr<Search> search, Setting gradient_tolerance);

  void check(const Objective& objective) override { descent_->check(objective); }
  StepReport step(Objective& objective, const Tensor& theta) override;
  void visit(StateVisitor& visitor) override;

 private:
  std::unique_ptr<Descent> descent_;
  std::unique_ptr<Search> search_;
  Setting gradient_tolerance_;
  Standstill standstill_;
  Tensor gradient_, step_, trial_;
};

}  // namespace gradus::optim
