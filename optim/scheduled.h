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
  Scheduled(std::unique_ptr<Optimizer> inner, std::vector<ScheduledHyperparameter> scheduled)
      : inner_(std::move(inner)), scheduled_(std::move(scheduled)) {}

  void check(const Objective& objective) override { inner_->check(objective); }
  // Throws std::invalid_argument if a schedule leaves the hyperparameter's range; theta is then as it was.
  StepReport step(Objective& objective, const Tensor& theta) override;
  void visit(StateVisitor& visitor) override;
  Tensor evaluation_point(const Tensor& theta) override { return inner_->evaluation_point(theta); }
  void observe(double held_out_loss) override;

 private:
  std::unique_ptr<Optimizer> inner_;
  std::vector<ScheduledHyperparameter> scheduled_;
  std::int64_t step_ = 0;
};

}  // namespace gradus::optim
