#include "optim/scheduled.h"

#include <algorithm>
#include <stdexcept>

#include "optim/wrapper.h"

namespace gradus::optim {

StepReport Scheduled::step(Objective& objective, const Tensor& theta) {
  for (ScheduledHyperparameter& scheduled : scheduled_) {
    const Hyperparameter& h = scheduled.hyperparameter;
    for (ScheduleTarget& target : scheduled.targets) {
      double value = scheduled.schedule.at(step_, target.base) * scheduled.plateau.factor;
      if (value == 0)
        value = std::max(value, h.low);  // a rate that must be > 0 may end at the smallest number there is
      const bool inside = value >= h.low && (h.high_open ? value < h.high : value <= h.high);
      if (!inside)
        throw std::invalid_argument("schedule " + scheduled.schedule.kind().name + " of " + h.name + ": " +
                                    std::to_string(value) + " at step " + std::to_string(step_) + ", expected " +
                                    h.range());
      target.settings.set(h.name, value);
    }
  }
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
    if (scheduled.schedule.kind().observes) scheduled.plateau.observe(held_out_loss, scheduled.schedule.settings());
  inner_->observe(held_out_loss);
}

}  // namespace gradus::optim
