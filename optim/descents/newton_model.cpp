#include "optim/descents/newton_model.h"

#include "autodiff/tensor/vectors.h"

namespace gradus::optim {

void NewtonModel::begin(const Start& where) {
  start = &where;
  solutions = 0;
  a = damped(require(where.objective, matrix, method), damping_now());
  m = &preconditioners->at(where.objective, a, where.theta, damping_now());
  tolerance = forcing.tolerance(where.gradient_norm);
}

void NewtonModel::return_to_start() {
  if (solutions > 0) start->objective.move_to(start->theta);
}

Promise NewtonModel::promise(const InnerResult& solved, const Tensor& p) {
  if (solutions++ == 0) forcing.solved(solved.residual * start->gradient_norm);
  return {solved.model_change, vectors::dot(start->gradient, p), solved.norm, solved.iterations, solved.reason};
}

void NewtonModel::learn(const Start& where, const Tensor& trial) {
  if (!preconditioners->learns()) return;
  vectors::add_scaled(trial, -1, where.theta, vectors::like(step, trial));
  vectors::add_scaled(where.objective.gradient(), -1, where.gradient, vectors::like(change, trial));
  preconditioners->learn(step, change);
}

void NewtonModel::visit(StateVisitor& visitor) {
  forcing.visit(visitor);
  preconditioners->visit(visitor);
}

}  // namespace gradus::optim
