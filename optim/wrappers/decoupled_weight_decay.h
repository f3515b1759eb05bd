// Decoupled weight decay around any method.
#pragma once

#include "optim/update.h"
#include "optim/wrapper.h"
#include "optim/wrappers/exclusion.h"

namespace gradus::optim {

struct DecoupledWeightDecay {
  double decoupled_weight_decay = 0.01;
  Excluded decay_exclude = Excluded::none;

  static constexpr Place place{.effect = Effect::step, .uses_learning_rate = true};
  static constexpr Description describe() {
    return {"decoupled_weight_decay",
            "Loshchilov & Hutter (2019), Algorithm 2",
            "theta <- step(theta) - learning_rate decoupled_weight_decay theta",
            R"(
            The theta of the last term is that before the step, as in AdamW. The decay is multiplied by the rate, as in
            PyTorch; the paper multiplies it by the schedule's factor alone.
            )",
            {field<&DecoupledWeightDecay::decoupled_weight_decay>(non_negative(),
                                                                  "theta shrinks by learning_rate * this a step"),
             exclusion<&DecoupledWeightDecay::decay_exclude>()}};
  }
  class Around;
};

class DecoupledWeightDecay::Around final : public AroundStepOf<DecoupledWeightDecay> {
 public:
  Around(const DecoupledWeightDecay& wrapper, Inner inner)
      : AroundStepOf(wrapper, std::move(inner)),
        selection_("decoupled_weight_decay", "decay_exclude", wrapper.decay_exclude) {}

  void check(const Objective& objective) override {
    selection_.ranges(objective);
    AroundStep::check(objective);
  }
  // Where all of theta decays.
  std::optional<Stability> stability() override {
    const auto of_inner = h.decay_exclude == Excluded::none ? inner().stability() : std::nullopt;
    return of_inner ? of_inner->with_decay(*learning_rate * h.decoupled_weight_decay) : std::nullopt;
  }

 protected:
  void before(const Objective& objective, const Tensor& theta) override {
    ranges_ = &selection_.ranges(objective);
    ensure_state(before_, theta);
    before_.copy_from(theta);
  }
  void after(const Tensor& theta) override {
    const double shrink = *learning_rate * h.decoupled_weight_decay;
    for (const auto& [offset, size] : *ranges_)
      update_each(theta.part(offset, {size}), before_.part(offset, {size}),
                  [shrink]<class T>(T) { return [s = T(shrink)](T& x, T before) { x -= s * before; }; });
  }

 private:
  Selection selection_;
  const std::vector<Selection::Range>* ranges_ = nullptr;
  Tensor before_;
};

}  // namespace gradus::optim
