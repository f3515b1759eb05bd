// Lookahead. Zhang et al. (2019), Algorithm 1: every k steps the slow parameters go a part of the way to the fast ones,
// which start again from there.
//   theta <- step(theta);  each lookahead_steps: slow <- slow + lookahead_rate (theta - slow);  theta <- slow
#include "optim/update.h"
#include "optim/wrapper.h"

namespace gradus::optim {
namespace {

class Lookahead final : public AroundStep {
 public:
  Lookahead(Inner inner, const Settings& s)
      : AroundStep("lookahead", std::move(inner.optimizer)),
        rate_(s["lookahead_rate"]),
        period_(s.count("lookahead_steps")) {}

 protected:
  void before(const Objective&, const Tensor& theta) override {
    if (!slow_.defined()) slow_ = theta.clone();
    ensure_state(slow_, theta);
  }
  void after(const Tensor& theta) override {
    if (++step_ % period_ != 0) return;
    update_each(slow_, theta, [this]<class T>(T) {
      return [rate = static_cast<T>(rate_)](T& slow, T fast) { slow += rate * (fast - slow); };
    });
    theta.copy_from(slow_);
  }
  void visit_own(StateVisitor& visitor) override {
    visitor.tensor("slow", slow_);
    visitor.counter("step", step_);
  }

 private:
  Setting rate_;
  std::int64_t period_, step_ = 0;
  Tensor slow_;
};

}  // namespace

WrapperKind lookahead_wrapper() {
  return {"lookahead",
          "Zhang et al. (2019), Algorithm 1",
          {count("lookahead_steps", 5, 1, "steps between two moves of the slow parameters"),
           between("lookahead_rate", 0.5, 0, 1, "how far they move towards the fast ones")},
          [](Inner inner, const Settings& s) -> std::unique_ptr<Optimizer> {
            return std::make_unique<Lookahead>(std::move(inner), s);
          },
          Effect::step,
          "theta <- step(theta)\n"
          "each lookahead_steps: slow <- slow + lookahead_rate (theta - slow);  theta <- slow",
          "The inner optimizer keeps its state when theta goes back, as in the paper's experiments.",
          true};
}

}  // namespace gradus::optim
