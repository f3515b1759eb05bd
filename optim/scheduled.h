// The outermost optimizer of a recipe with schedules: sets hyperparameters before each step.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "optim/optimizer.h"
#include "optim/schedule.h"

namespace gradus::optim {

// Where a scheduled hyperparameter lives: in the settings of the method, of one of its groups, or of a wrapper.
struct ScheduleTarget {
  Settings settings;
  double base = 0;  // its value without schedule
};

struct ScheduledHyperparameter {
  Hyperparameter hyperparameter;
  Schedule schedule;
  std::vector<ScheduleTarget> targets;
  Plateau plateau = {};
};

// State: "schedule.step", and of a plateau "schedule.NAME.best", ".factor", ".bad". Values are computed anew from the
// step and the base at each step, so a resumed run overwrites nothing.
class Scheduled final : public Optimizer {
 public:
  Scheduled(std::unique_ptr<Optimizer> inner, std::vector<ScheduledHyperparameter> scheduled, DType dtype)
      : inner_(std::move(inner)), scheduled_(std::move(scheduled)), dtype_(dtype) {}

  void check(const Objective& objective) override { inner_->check(objective); }
  // Of the first million: a schedule is as quick as a step is at least.
  void check_steps(std::int64_t steps) const override;
  // Throws std::invalid_argument if a schedule leaves the hyperparameter's range; theta is then as it was.
  StepReport step(Objective& objective, const Tensor& theta) override;
  void visit(StateVisitor& visitor) override;
  Tensor evaluation_point(const Tensor& theta) override { return inner_->evaluation_point(theta); }
  void observe(double held_out_loss) override;

 private:
  double value_at(std::int64_t step, const ScheduledHyperparameter& scheduled, const ScheduleTarget& target) const;

  std::unique_ptr<Optimizer> inner_;
  std::vector<ScheduledHyperparameter> scheduled_;
  DType dtype_;  // of the parameters
  std::int64_t step_ = 0;
};

}  // namespace gradus::optim
