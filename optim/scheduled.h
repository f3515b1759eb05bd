// The outermost optimizer of a recipe with schedules: sets hyperparameters before each step.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "optim/optimizer.h"
#include "optim/schedule.h"

namespace gradus::optim {

struct ScheduledHyperparameter {
  // Where it lives: in the method, in one of its groups, or in a wrapper.
  struct Target {
    double* number = nullptr;
    double base = 0;  // its value without schedule
  };

  Hyperparameter hyperparameter;
  Schedule schedule;
  std::vector<Target> targets;
  Plateau plateau = {};
};

// State: "schedule.step", and of a plateau "schedule.NAME.best", ".factor", ".bad". Values are computed anew from the
// step and the base at each step, so a resumed run overwrites nothing.
class Scheduled final : public Optimizer {
 public:
  Scheduled(std::unique_ptr<Optimizer> inner, std::vector<ScheduledHyperparameter> scheduled,
            settings::Precision precision)
      : inner_(std::move(inner)), scheduled_(std::move(scheduled)), precision_(precision) {}

  void check(const Objective& objective) override { inner_->check(objective); }
  // Of the first million: a schedule is as quick as a step is at least.
  void check_steps(std::int64_t steps) const override;
  // Throws std::invalid_argument if a schedule leaves the hyperparameter's range; theta is then as it was.
  StepReport step(Objective& objective, const Tensor& theta) override;
  void visit(StateVisitor& visitor) override;
  void visit_memory(StateVisitor& visitor) override { inner_->visit_memory(visitor); }
  Tensor evaluation_point(const Tensor& theta) override { return inner_->evaluation_point(theta); }
  void observe(double held_out_loss) override;
  // By the values of the last step, as if they stayed.
  std::optional<Stability> stability() override { return inner_->stability(); }
  double* number(std::string_view name) override { return inner_->number(name); }

 private:
  double value_at(std::int64_t step, const ScheduledHyperparameter& scheduled, double base) const;

  std::unique_ptr<Optimizer> inner_;
  std::vector<ScheduledHyperparameter> scheduled_;
  settings::Precision precision_;  // of the parameters
  std::int64_t step_ = 0;
};

}  // namespace gradus::optim
