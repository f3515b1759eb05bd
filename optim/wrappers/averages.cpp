// Averages of the points that an optimizer goes through, at which the model is evaluated; training does not see them.
//   ema: Polyak & Juditsky (1992), with exponential weights:  a <- ema_decay a + (1 - ema_decay) theta
//   swa: Izmailov et al. (2018), Algorithm 1:  a <- (n a + theta) / (n + 1), each swa_every steps after swa_start
#include "optim/update.h"
#include "optim/wrapper.h"

namespace gradus::optim {
namespace {

// a += weight (theta - a)
void approach(const Tensor& average, const Tensor& theta, double weight) {
  update_each(average, theta,
              [weight]<class T>(T) { return [w = static_cast<T>(weight)](T& a, T x) { a += w * (x - a); }; });
}

class Ema final : public AroundStep {
 public:
  Ema(Inner inner, const Settings& s) : AroundStep("ema", std::move(inner.optimizer)), decay_(s["ema_decay"]) {}

  Tensor evaluation_point(const Tensor& theta) override { return average_.defined() ? average_ : theta; }

 protected:
  void after(const Tensor& theta) override {
    if (!average_.defined()) {
      average_ = theta.clone();
    } else {
      ensure_state(average_, theta);
      approach(average_, theta, 1 - decay_);
    }
  }
  void visit_own(StateVisitor& visitor) override { visitor.tensor("average", average_); }

 private:
  Setting decay_;
  Tensor average_;
};

class Swa final : public AroundStep {
 public:
  Swa(Inner inner, const Settings& s)
      : AroundStep("swa", std::move(inner.optimizer)), start_(s.count("swa_start")), every_(s.count("swa_every")) {}

  Tensor evaluation_point(const Tensor& theta) override { return points_ > 0 ? average_ : theta; }

 protected:
  void before(const Objective&, const Tensor& theta) override { ensure_state(average_, theta); }
  void after(const Tensor& theta) override {
    if (++step_ > start_ && (step_ - start_) % every_ == 0)
      approach(average_, theta, 1 / static_cast<double>(++points_));
  }
  void visit_own(StateVisitor& visitor) override {
    visitor.tensor("average", average_);
    visitor.counter("step", step_);
    visitor.counter("points", points_);
  }

 private:
  std::int64_t start_, every_, step_ = 0, points_ = 0;
  Tensor average_;
};

}  // namespace

WrapperKind ema_wrapper() {
  return {"ema",
          "Polyak & Juditsky (1992), with exponential weights",
          {decay("ema_decay", 0.999, "weight of the average so far")},
          [](Inner inner, const Settings& s) -> std::unique_ptr<Optimizer> {
            return std::make_unique<Ema>(std::move(inner), s);
          },
          Effect::step,
          "theta <- step(theta);  a <- ema_decay a + (1 - ema_decay) theta;  evaluated at a",
          "a starts at theta after the first step, so there is no bias to correct. It averages theta, not the inner "
          "optimizer's own average if it has one.",
          true};
}
WrapperKind swa_wrapper() {
  return {"swa",
          "Izmailov et al. (2018), Algorithm 1",
          {count("swa_start", 0, 0, "steps before the average begins"),
           count("swa_every", 1, 1, "steps between two points of the average")},
          [](Inner inner, const Settings& s) -> std::unique_ptr<Optimizer> {
            return std::make_unique<Swa>(std::move(inner), s);
          },
          Effect::step,
          "theta <- step(theta);  each swa_every steps after swa_start: a <- (n a + theta) / (n + 1), n <- n + 1;  "
          "evaluated at a",
          "Running statistics of batch normalisation are those seen in training; the paper computes them again for a.",
          true};
}

}  // namespace gradus::optim
