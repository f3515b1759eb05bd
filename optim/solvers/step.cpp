#include "optim/solvers/step.h"

#include "autodiff/tensor/vectors.h"
#include "optim/first_order.h"

namespace gradus::optim {

bool open_step(Objective& objective, const Tensor& theta, double gradient_tolerance, Tensor& gradient,
               StepReport& report) {
  const bool finite = begin_step(objective, theta, report);
  vectors::like(gradient, theta).copy_from(objective.gradient());
  report.gradient_norm = vectors::norm(gradient);
  report.step_norm = 0;
  if (finite && report.gradient_norm <= gradient_tolerance) report.reason = Reason::converged;
  return report.reason == Reason::stepped;
}

void Standstill::begin(double lowest) {
  lowest_ = lowest;
  steps_ = 0;
}

double Standstill::ceiling(double start, DType type) {
  if (start < lowest_ || start > lowest_ + vectors::rounding(lowest_, type)) begin(start);
  return lowest_ + vectors::rounding(lowest_, type);
}

bool Standstill::is_end(double value) {
  if (value < lowest_)
    begin(value);
  else
    ++steps_;
  return steps_ > patience;
}

void Standstill::visit(StateVisitor& visitor) {
  visitor.counter("steps_without_decrease", steps_);
  visitor.number("lowest_value", lowest_);
}

void close_step(Objective& objective, const Tensor& theta, const Tensor& trial, Standstill& standstill,
                StepReport& report) {
  if (standstill.is_end(objective.value())) {
    report.reason = Reason::no_progress;
    report.step_norm = 0;
    return;
  }
  theta.copy_from(trial);
  objective.adopt(theta);
}

}  // namespace gradus::optim
