// A descent and a search together are a method.
#pragma once

#include "optim/descent.h"
#include "optim/search.h"
#include "optim/solvers/step.h"
#include "optim/typed.h"

namespace gradus::optim {

class DescentMethod final : public Optimizer {
 public:
  // Converged where the norm of the gradient is no larger than the tolerance. Throws std::invalid_argument, which names
  // both, where the descent's steps have another kind of size than the search proposes.
  DescentMethod(std::unique_ptr<Descent> descent, std::unique_ptr<Search> search, const double* gradient_tolerance);

  void check(const Objective& objective) override { descent_->check(objective); }
  StepReport step(Objective& objective, const Tensor& theta) override;
  void visit(StateVisitor& visitor) override;

 private:
  std::unique_ptr<Descent> descent_;
  std::unique_ptr<Search> search_;
  const double* gradient_tolerance_;
  Standstill standstill_;
  Tensor gradient_, step_, trial_;
};

// The optimizer of an aggregate with
//   std::unique_ptr<Descent> descent(const RandomStream&) const;
//   std::unique_ptr<Search> search() const;
//   double gradient_tolerance;
// Both are asked once, of a copy that stays where it is: they may point to its members.
template <class M>
class ByDescent final : public OptimizerOf<M> {
 public:
  ByDescent(const M& method, const RandomStream& stream)
      : OptimizerOf<M>(method), both_(this->h.descent(stream), this->h.search(), &this->h.gradient_tolerance) {}
  void check(const Objective& objective) override { both_.check(objective); }
  StepReport step(Objective& objective, const Tensor& theta) override { return both_.step(objective, theta); }
  void visit(StateVisitor& visitor) override { both_.visit(visitor); }

 private:
  DescentMethod both_;
};
template <Described M>
requires requires(const M& method) { method.search(); }
std::unique_ptr<Optimizer> make(const M& method, const RandomStream& stream = RandomStream(0)) {
  return std::make_unique<ByDescent<M>>(method, stream);
}

}  // namespace gradus::optim
