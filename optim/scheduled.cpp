#include "optim/scheduled.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "optim/wrapper.h"

namespace gradus::optim {

double Scheduled::value_at(std::int64_t step, const ScheduledHyperparameter& scheduled, double base) const {
  const Hyperparameter& h = scheduled.hyperparameter;
  double value = scheduled.schedule.at(step, base) * scheduled.plateau.factor;
  // A rate that must be > 0 may end at the smallest number there is.
  if (value >= 0 && h.excludes_zero()) value = std::max(value, h.least(precision_));
  if (!h.allows(value, precision_))
    throw std::invalid_argument(fmt::format("schedule {}: at step {} {}", scheduled.schedule.kind().name, step,
                                            settings::refusal(h, value, precision_)));
  return value;
}

void Scheduled::check_steps(std::int64_t steps) const {
  const std::int64_t end = step_ + std::min<std::int64_t>(steps, 1'000'000);
  for (const ScheduledHyperparameter& scheduled : scheduled_)
    for (const ScheduledHyperparameter::Target& target : scheduled.targets)
      for (std::int64_t step = step_; step < end; ++step) value_at(step, scheduled, target.base);
}

StepReport Scheduled::step(Objective& objective, const Tensor& theta) {
  for (const ScheduledHyperparameter& scheduled : scheduled_)
    for (const ScheduledHyperparameter::Target& target : scheduled.targets)
      *target.number = value_at(step_, scheduled, target.base);
  const StepReport report = inner_->step(objective, theta);
  ++step_;
  return report;
}

void Scheduled::visit(StateVisitor& visitor) {
  visitor.counter("schedule.step", step_);
  for (ScheduledHyperparameter& scheduled : scheduled_) {
    if (!scheduled.schedule.kind().observes) continue;
    PrefixedVisitor own(visitor, "schedule." + scheduled.hyperparameter.name + ".");
    own.number("best", scheduled.plateau.best);
    own.number("factor", scheduled.plateau.factor);
    own.counter("bad", scheduled.plateau.bad);
  }
  inner_->visit(visitor);
}

void Scheduled::observe(double held_out_loss) {
  for (ScheduledHyperparameter& scheduled : scheduled_)
    if (scheduled.schedule.kind().observes) scheduled.plateau.observe(held_out_loss, scheduled.schedule.plateau());
  inner_->observe(held_out_loss);
}

}  // namespace gradus::optim
