#include "optim/wrapper.h"

#include "autodiff/tensor/vectors.h"

namespace gradus::optim {

StepReport AroundStep::step(Objective& objective, const Tensor& theta) {
  before(objective, theta);
  StepReport report = inner().step(shown(objective), theta);
  if (report.is_diverged()) return report;
  if (!report.is_final()) {
    after(theta);
    return report;
  }
  const Tensor point = evaluation_point(theta).clone(), end = theta.clone();
  after(theta);
  if (!vectors::same(end, theta) || !vectors::same(point, evaluation_point(theta))) report.reason = Reason::stepped;
  return report;
}

}  // namespace gradus::optim
