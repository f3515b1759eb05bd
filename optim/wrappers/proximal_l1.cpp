// The L1 penalty by its proximal operator, which leaves exact zeros (ISTA). Daubechies, Defrise & De Mol (2004); Beck &
// Teboulle (2009), eq. 1.4:
//   theta <- step(theta);  theta_i <- sign(theta_i) max(0, |theta_i| - rate proximal_l1)
#include "optim/wrapper.h"
#include "optim/wrappers/exclusion.h"
#include "optim/wrappers/vectors.h"

namespace gradus::optim {
namespace {

class ProximalL1 final : public AroundStep {
 public:
  ProximalL1(Inner inner, const Settings& s)
      : AroundStep("proximal_l1", std::move(inner.optimizer)),
        weight_(s["proximal_l1"]),
        own_rate_(s["proximal_rate"]),
        learning_rate_(inner.method["learning_rate"]),
        selection_("proximal_l1", "proximal_exclude", s.choice("proximal_exclude")) {}

  void check(const Objective& objective) override {
    selection_.ranges(objective);
    AroundStep::check(objective);
  }

 protected:
  void before(const Objective& objective, const Tensor&) override { ranges_ = &selection_.ranges(objective); }
  void after(const Tensor& theta) override {
    const double threshold = weight_ * (own_rate_ > 0 ? own_rate_ : learning_rate_);
    for (const auto& [offset, size] : *ranges_)
      change_each(theta.part(offset, {size}), [threshold]<class T>(T) {
        return [t = static_cast<T>(threshold)](T& x) {
          x = x > t ? x - t : x < -t ? x + t : x == x ? T{0} : x;  // NaN stays
        };
      });
  }

 private:
  Setting weight_, own_rate_, learning_rate_;
  Selection selection_;
  const std::vector<Selection::Range>* ranges_ = nullptr;
};

}  // namespace

WrapperKind proximal_l1_wrapper() {
  return {"proximal_l1",
          "Beck & Teboulle (2009), eq. 1.4",
          {non_negative("proximal_l1", 1e-5, "weight of the penalty"),
           non_negative("proximal_rate", 0, "step size of the proximal step; 0 for the method's learning_rate"),
           exclusion("proximal_exclude")},
          [](Inner inner, const Settings& s) -> std::unique_ptr<Optimizer> {
            return std::make_unique<ProximalL1>(std::move(inner), s);
          },
          Effect::step,
          "theta <- step(theta);  theta <- sign(theta) max(0, |theta| - rate proximal_l1)",
          "The reported loss is that without the penalty. Around a method that scales its steps element by element "
          "this is the "
          "proximal step in the Euclidean metric, not in the method's.",
          false,
          true};
}

}  // namespace gradus::optim
