// Decoupled weight decay around any method. Loshchilov & Hutter (2019), Algorithm 2:
//   theta <- step(theta) - learning_rate decoupled_weight_decay theta
// where the theta of the last term is that before the step, as in AdamW.
#include "optim/update.h"
#include "optim/wrapper.h"
#include "optim/wrappers/exclusion.h"

namespace gradus::optim {
namespace {

class DecoupledWeightDecay final : public AroundStep {
 public:
  DecoupledWeightDecay(Inner inner, const Settings& s)
      : AroundStep("decoupled_weight_decay", std::move(inner.optimizer)),
        decay_(s["decoupled_weight_decay"]),
        learning_rate_(inner.method["learning_rate"]),
        selection_("decoupled_weight_decay", "decay_exclude", s.choice("decay_exclude")) {}

  void check(const Objective& objective) override {
    selection_.ranges(objective);
    AroundStep::check(objective);
  }

 protected:
  void before(const Objective& objective, const Tensor& theta) override {
    ranges_ = &selection_.ranges(objective);
    ensure_state(before_, theta);
    before_.copy_from(theta);
  }
  void after(const Tensor& theta) override {
    const double shrink = learning_rate_ * decay_;
    for (const auto& [offset, size] : *ranges_)
      update_each(theta.part(offset, {size}), before_.part(offset, {size}),
                  [shrink]<class T>(T) { return [s = static_cast<T>(shrink)](T& x, T before) { x -= s * before; }; });
  }

 private:
  Setting decay_, learning_rate_;
  Selection selection_;
  const std::vector<Selection::Range>* ranges_ = nullptr;
  Tensor before_;
};

}  // namespace

WrapperKind decoupled_weight_decay_wrapper() {
  return {"decoupled_weight_decay",
          "Loshchilov & Hutter (2019), Algorithm 2",
          {non_negative("decoupled_weight_decay", 0.01, "theta shrinks by learning_rate * this a step"),
           exclusion("decay_exclude")},
          [](Inner inner, const Settings& s) -> std::unique_ptr<Optimizer> {
            return std::make_unique<DecoupledWeightDecay>(std::move(inner), s);
          },
          Effect::step,
          "theta <- step(theta) - learning_rate decoupled_weight_decay theta",
          "The decay is multiplied by the rate, as in PyTorch; the paper multiplies it by the schedule's factor alone.",
          false,
          true};
}

}  // namespace gradus::optim
