#include "optim/descent_method.h"

#include <fmt/format.h>

#include <stdexcept>
#include <string>

#include "autodiff/tensor/vectors.h"

namespace gradus::optim {

const char* Descent::name_of(Size size) {
  switch (size) {
    case Size::length:
      return "length";
    case Size::radius:
      return "radius";
    case Size::damping:
      return "damping";
  }
  return "?";
}

DescentMethod::DescentMethod(std::unique_ptr<Descent> descent, std::unique_ptr<Search> search,
                             const double* gradient_tolerance)
    : descent_(std::move(descent)), search_(std::move(search)), gradient_tolerance_(gradient_tolerance) {
  if (descent_->size() == search_->size()) return;
  throw std::invalid_argument(fmt::format("{} with {}: the size of a step is a {}, but the search proposes a {}",
                                          descent_->name(), search_->name(), Descent::name_of(descent_->size()),
                                          Descent::name_of(search_->size())));
}

StepReport DescentMethod::step(Objective& objective, const Tensor& theta) {
  check(objective);
  StepReport report;
  report.damping = descent_->damping();
  if (!open_step(objective, theta, *gradient_tolerance_, gradient_, report)) return report;
  vectors::like(step_, theta);
  vectors::like(trial_, theta);
  const Start start{
      objective, theta, gradient_, report.loss, report.gradient_norm, standstill_.ceiling(report.loss, theta.dtype())};
  descent_->begin(start);
  while (!search_->find(*descent_, start, step_, trial_, report)) {
    if (report.reason == Reason::refused || !descent_->restart()) return report;
    objective.return_to(theta);
    descent_->begin(start);
  }
  descent_->learn(start, trial_, report.step_length);
  close_step(objective, theta, trial_, standstill_, report);
  return report;
}

void DescentMethod::visit(StateVisitor& visitor) {
  descent_->visit(visitor);
  search_->visit(visitor);
  standstill_.visit(visitor);
}

}  // namespace gradus::optim
