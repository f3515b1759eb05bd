// The quadratic model g.p + p.A p / 2 of Newton's methods, and what its solvers need beside it: how accurate a step is
// to be, and a preconditioner.
#pragma once

#include <string>

#include "optim/descent.h"
#include "optim/solvers/conjugate_gradient.h"
#include "optim/solvers/forcing.h"
#include "optim/solvers/newton_preconditioner.h"

namespace gradus::optim {

struct NewtonModel {
  std::string method;  // for messages
  LinearOperator Curvature::*matrix = &Curvature::hessian;
  Forcing forcing;
  std::unique_ptr<NewtonPreconditioner> preconditioners;
  std::int64_t max_products = 250;  // for a step
  const double* damping = nullptr;  // added to the matrix's diagonal; null: 0

  double damping_now() const { return damping ? *damping : 0; }
  void check(const Objective& objective) const { require(objective, matrix, method); }
  void begin(const Start& where);
  // To be called before each solution: sends the objective back, where a trial has moved it.
  void return_to_start();
  // What a solution promises, p being the step.
  Promise promise(const InnerResult& solved, const Tensor& p);
  void learn(const Start& where, const Tensor& trial);
  void visit(StateVisitor& visitor);

  // Of the point, from begin on.
  LinearOperator a = {};
  const Preconditioner* m = nullptr;
  double tolerance = 0;  // relative to the gradient
  const Start* start = nullptr;
  int solutions = 0;

  // Memory of learn().
  Tensor step = {}, change = {};
};

}  // namespace gradus::optim
