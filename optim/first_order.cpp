#include "optim/first_order.h"

#include <cmath>

#include "autodiff/tensor/vectors.h"

namespace gradus::optim {

bool begin_step(Objective& objective, const Tensor& theta, StepReport& report) {
  objective.return_to(theta);
  const Tensor& gradient = objective.gradient();
  report.loss = objective.value();
  if (!std::isfinite(report.loss) || !vectors::is_finite(gradient)) report.reason = Reason::not_finite;
  return report.reason != Reason::not_finite;
}

StepReport FirstOrder::step(Objective& objective, const Tensor& theta) {
  StepReport report;
  if (begin_step(objective, theta, report)) apply(theta, objective.gradient(), objective.slices());
  return report;
}

}  // namespace gradus::optim
