// The L1 penalty by its proximal operator, which leaves exact zeros (ISTA).
#pragma once

#include "autodiff/tensor/vectors.h"
#include "optim/update.h"
#include "optim/wrapper.h"
#include "optim/wrappers/exclusion.h"

namespace gradus::optim {

struct ProximalL1 {
  double proximal_l1 = 1e-5, proximal_rate = 0;
  Excluded proximal_exclude = Excluded::none;

  static constexpr Place place{.effect = Effect::step, .uses_learning_rate = true};
  static constexpr Description describe() {
    return {"proximal_l1",
            "Daubechies, Defrise & De Mol (2004); Beck & Teboulle (2009), eq. 1.4",
            "theta <- step(theta);  theta <- sign(theta) max(0, |theta| - rate proximal_l1)",
            R"(
            The reported loss is that without the penalty. Around a method that scales its steps element by element this
            is the proximal step in the Euclidean metric, not in the method's.
            )",
            {field<&ProximalL1::proximal_l1>(non_negative(), "weight of the penalty"),
             field<&ProximalL1::proximal_rate>(non_negative(),
                                               "step size of the proximal step; 0 for the method's learning_rate"),
             exclusion<&ProximalL1::proximal_exclude>()}};
  }
  class Around;
};

class ProximalL1::Around final : public AroundStepOf<ProximalL1> {
 public:
  Around(const ProximalL1& wrapper, Inner inner)
      : AroundStepOf(wrapper, std::move(inner)),
        selection_("proximal_l1", "proximal_exclude", wrapper.proximal_exclude) {}

  void check(const Objective& objective) override {
    selection_.ranges(objective);
    AroundStep::check(objective);
  }

 protected:
  void before(const Objective& objective, const Tensor&) override { ranges_ = &selection_.ranges(objective); }
  void after(const Tensor& theta) override {
    const double threshold = h.proximal_l1 * (h.proximal_rate > 0 ? h.proximal_rate : *learning_rate);
    for (const auto& [offset, size] : *ranges_)
      change_each(theta.part(offset, {size}), [threshold]<class T>(T) {
        return [t = T(threshold)](T& x) {
          x = x > t ? x - t : x < -t ? x + t : x == x ? T{0} : x;  // NaN stays
        };
      });
  }

 private:
  Selection selection_;
  const std::vector<Selection::Range>* ranges_ = nullptr;
};

}  // namespace gradus::optim
