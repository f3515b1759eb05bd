// The mean gradient of k batches for one step: theta moves at each k-th call.
#include <stdexcept>

#include "optim/first_order.h"
#include "optim/update.h"
#include "optim/wrapper.h"
#include "optim/wrappers/vectors.h"

namespace gradus::optim {
namespace {

// Answers with the means, at the one point where they were taken.
class Mean final : public ObjectiveDecorator {
 public:
  void take(const Tensor& theta, const Tensor& gradient, double value) {
    invalidate();
    point_ = theta.raw();
    gradient_ = gradient;
    value_ = value;
  }
  bool offers(Quantity) const override { return false; }

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

class GradientAccumulation final : public Wrapper {
 public:
  GradientAccumulation(Inner inner, const Settings& s)
      : Wrapper("gradient_accumulation", std::move(inner.optimizer)), batches_(s.count("accumulation_steps")) {}

  StepReport step(Objective& objective, const Tensor& theta) override {
    mean_.wrap(objective);
    StepReport report;
    if (!begin_step(objective, theta, report)) return report;  // a batch that is not finite does not count
    ensure_state(sum_, theta);
    update_each(sum_, objective.gradient(), []<class T>(T) { return [](T& sum, T g) { sum += g; }; });
    const double loss = report.loss;
    loss_sum_ += loss;
    if (++seen_ < batches_) return report;
    const double share = 1 / static_cast<double>(batches_);
    change_each(sum_, [share]<class T>(T) { return [s = static_cast<T>(share)](T& sum) { sum *= s; }; });
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
  std::int64_t batches_, seen_ = 0;
  Tensor sum_;
  double loss_sum_ = 0;
  Mean mean_;
};

}  // namespace

WrapperKind gradient_accumulation_wrapper() {
  return {"gradient_accumulation",
          "common practice",
          {count("accumulation_steps", 4, 1, "batches whose mean gradient makes one step")},
          [](Inner inner, const Settings& s) -> std::unique_ptr<Optimizer> {
            return std::make_unique<GradientAccumulation>(std::move(inner), s);
          },
          Effect::accumulation,
          "s <- s + g;  each accumulation_steps calls: theta <- step(theta) with g = s / accumulation_steps;  s <- 0",
          "Batches count alike, whatever their sizes. Each call reports its own batch's loss. Schedules count calls."};
}

}  // namespace gradus::optim
