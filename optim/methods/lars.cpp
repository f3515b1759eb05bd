#include "optim/methods/lars.h"

#include "optim/layerwise.h"
#include "optim/typed.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class LarsSteps final : public FirstOrderOf<Lars> {
 public:
  using OptimizerOf::OptimizerOf;

  void apply(const Tensor& theta, const Tensor& gradient, Slices slices) override {
    ensure_state(velocity_, theta);
    for (const ParameterSlice& slice : slices) {
      const Tensor part = slice.of(theta), its_gradient = slice.of(gradient);
      const double of_theta = norm(part), of_gradient = norm(its_gradient);
      const double ratio = of_theta > 0 && of_gradient > 0
                               ? h.trust_coefficient * of_theta / (of_gradient + h.weight_decay * of_theta)
                               : 1;
      update_each(
          part, its_gradient,
          [&]<class T>(T) {
            return [rate = T(h.learning_rate * ratio), mu = T(h.momentum), weight_decay = T(h.weight_decay)](T& x, T g,
                                                                                                             T& v) {
              v = mu * v + rate * (g + weight_decay * x);
              x -= v;
            };
          },
          slice.of(velocity_));
    }
  }
  void visit(StateVisitor& visitor) override { visitor.tensor("velocity", velocity_); }

 private:
  Tensor velocity_;
};

}  // namespace

std::unique_ptr<Optimizer> make(const Lars& method, const RandomStream&) { return std::make_unique<LarsSteps>(method); }

}  // namespace gradus::optim
