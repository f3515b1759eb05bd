// Gaussian noise on the gradient, annealed. Neelakantan et al. (2015), eq. 1-2:
//   g <- g + N(0, variance / (1 + t)^decay),  t = 0, 1, ... the step
#include <cmath>

#include "optim/wrapper.h"
#include "optim/wrappers/vectors.h"

namespace gradus::optim {
namespace {

class GradientNoise final : public StepDecorator {
 public:
  GradientNoise(Setting variance, Setting decay, std::uint64_t seed)
      : variance_(std::move(variance)), decay_(std::move(decay)), seed_(seed) {}
  void begin_step() override { invalidate(); }
  void end_step() override { ++step_; }
  void visit(StateVisitor& visitor) override { visitor.counter("step", step_); }

 protected:
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    const double value = ObjectiveDecorator::compute_gradient(theta, gradient);
    // A stream for each step: the counter is all there is to remember.
    RandomStream stream(seed_, "gradient_noise", static_cast<std::uint64_t>(step_));
    add_normal(gradient, std::sqrt(variance_ / std::pow(1 + static_cast<double>(step_), decay_)), stream);
    return value;
  }

 private:
  Setting variance_, decay_;
  std::uint64_t seed_;
  std::int64_t step_ = 0;
};

}  // namespace

WrapperKind gradient_noise_wrapper() {
  return {"gradient_noise",
          "Neelakantan et al. (2015), eq. 1-2",
          {positive("noise_variance", 0.01, "of the noise on an element of the gradient at the first step"),
           non_negative("noise_decay", 0.55, "exponent of its decay; 0 for noise that stays")},
          [](Inner inner, const Settings& s) -> std::unique_ptr<Optimizer> {
            return std::make_unique<DecoratingWrapper>(
                "gradient_noise", std::move(inner.optimizer),
                std::make_unique<GradientNoise>(s["noise_variance"], s["noise_decay"], inner.seed));
          },
          Effect::gradient,
          "g <- g + z, z ~ N(0, noise_variance / (1 + t)^noise_decay), t = 0, 1, ...",
          "The loss that is reported is that without noise."};
}

}  // namespace gradus::optim
