// The mean gradient of k batches for one step: theta moves at each k-th call.
#pragma once

#include <stdexcept>

#include "autodiff/tensor/vectors.h"
#include "optim/first_order.h"
#include "optim/update.h"
#include "optim/wrapper.h"

namespace gradus::optim {
namespace detail {

// Answers with the means, at the one point where they were taken.
class MeanOfBatches final : public ObjectiveDecorator {
 public:
  void take(const Tensor& theta, const Tensor& gradient, double value) {
    invalidate();
    point_ = theta.raw();
    gradient_ = gradient;
    value_ = value;
  }
  const Curvature* curvature() const override { return nullptr; }  // the batches are gone

 protected:
  double compute_value(const Tensor& theta) override {
    check(theta);
    return value_;
  }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    check(theta);
    gradient.copy_from(gradient_);
    return value_;
  }

 private:
  void check(const Tensor& theta) const {
    if (theta.raw() != point_)
      throw std::invalid_argument("gradient_accumulation: asked at another point than that of the gradients");
  }
  const void* point_ = nullptr;
  Tensor gradient_;
  double value_ = 0;
};

}  // namespace detail

struct GradientAccumulation {
  std::int64_t accumulation_steps = 4;

  static constexpr Place place{.effect = Effect::accumulation};
  static constexpr Description describe() {
    return {
        "gradient_accumulation",
        "common practice",
        R"(
            s <- s + g
            each accumulation_steps calls: theta <- step(theta) with g = s / accumulation_steps;  s <- 0
            )",
        "Batches count alike, whatever their sizes. Each call reports its own batch's loss. Schedules count calls.",
        {field<&GradientAccumulation::accumulation_steps>(at_least(1), "batches whose mean gradient makes one step")}};
  }
  class Around;
};

class GradientAccumulation::Around final : public Wrapper {
 public:
  Around(const GradientAccumulation& wrapper, Inner inner)
      : Wrapper("gradient_accumulation", std::move(inner.optimizer)), h(wrapper) {}

  // With the same batch each time.
  std::optional<Stability> stability() override { return inner().stability(); }
  StepReport step(Objective& objective, const Tensor& theta) override {
    mean_.wrap(objective);
    StepReport report;
    if (!begin_step(objective, theta, report)) return report;  // a batch that is not finite does not count
    ensure_state(sum_, theta);
    vectors::axpy(1, objective.gradient(), sum_);
    const double loss = report.loss;
    loss_sum_ += loss;
    if (++seen_ < h.accumulation_steps) return report;
    const double share = 1 / static_cast<double>(h.accumulation_steps);
    vectors::scale(share, sum_);
    mean_.take(theta, sum_, loss_sum_ * share);
    report = inner().step(mean_, theta);
    report.loss = loss;
    sum_.fill(0);
    loss_sum_ = 0;
    seen_ = 0;
    return report;
  }

 protected:
  void visit_own(StateVisitor& visitor) override {
    visitor.tensor("sum", sum_);
    visitor.counter("seen", seen_);
    visitor.number("loss_sum", loss_sum_);
  }

 private:
  GradientAccumulation h;
  std::int64_t seen_ = 0;
  Tensor sum_;
  double loss_sum_ = 0;
  detail::MeanOfBatches mean_;
};

}  // namespace gradus::optim
