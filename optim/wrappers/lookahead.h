// Every k steps the slow parameters go a part of the way to the fast ones, which start again from there.
#pragma once

#include "optim/update.h"
#include "optim/wrapper.h"

namespace gradus::optim {

struct Lookahead {
  std::int64_t lookahead_steps = 5;
  double lookahead_rate = 0.5;

  static constexpr Place place{.effect = Effect::step, .around_curvature = true};
  static constexpr Description describe() {
    return {"lookahead",
            "Zhang et al. (2019), Algorithm 1",
            R"(
            theta <- step(theta)
            each lookahead_steps: slow <- slow + lookahead_rate (theta - slow);  theta <- slow
            )",
            "The inner optimizer keeps its state when theta goes back, as in the paper's experiments.",
            {field<&Lookahead::lookahead_steps>(at_least(1), "steps between two moves of the slow parameters"),
             field<&Lookahead::lookahead_rate>(between(0, 1), "how far they move towards the fast ones")}};
  }
  class Around;
};

class Lookahead::Around final : public AroundStepOf<Lookahead> {
 public:
  using AroundStepOf::AroundStepOf;

 protected:
  void before(const Objective&, const Tensor& theta) override {
    if (!slow_.defined()) slow_ = theta.clone();
    ensure_state(slow_, theta);
  }
  void after(const Tensor& theta) override {
    if (++step_ % h.lookahead_steps != 0) return;
    update_each(slow_, theta, [this]<class T>(T) {
      return [rate = T(h.lookahead_rate)](T& slow, T fast) { slow += rate * (fast - slow); };
    });
    theta.copy_from(slow_);
  }
  void visit_own(StateVisitor& visitor) override {
    visitor.tensor("slow", slow_);
    visitor.counter("step", step_);
  }

 private:
  std::int64_t step_ = 0;
  Tensor slow_;
};

}  // namespace gradus::optim
