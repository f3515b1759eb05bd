// Gaussian noise on the gradient, annealed.
#pragma once

#include <cmath>

#include "autodiff/tensor/vectors.h"
#include "optim/update.h"
#include "optim/wrapper.h"

namespace gradus::optim {

struct GradientNoise {
  double noise_variance = 0.01, noise_decay = 0.55;

  static constexpr Place place{.effect = Effect::gradient};
  static constexpr Description describe() {
    return {"gradient_noise",
            "Neelakantan et al. (2015), eq. 1-2",
            "g <- g + z, z ~ N(0, noise_variance / (1 + t)^noise_decay), t = 0, 1, ...",
            "The loss that is reported is that without noise.",
            {field<&GradientNoise::noise_variance>(positive(),
                                                   "of the noise on an element of the gradient at the first step"),
             field<&GradientNoise::noise_decay>(non_negative(), "exponent of its decay; 0 for noise that stays")}};
  }
  class Decorator;
};

class GradientNoise::Decorator final : public DecoratorOf<GradientNoise> {
 public:
  using DecoratorOf::DecoratorOf;
  void begin_step() override { invalidate(); }
  void end_step() override { ++step_; }
  void visit(StateVisitor& visitor) override { visitor.counter("step", step_); }

 protected:
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    const double value = ObjectiveDecorator::compute_gradient(theta, gradient);
    // A stream for each step: the counter is all there is to remember.
    RandomStream noise = stream.child("step", static_cast<std::uint64_t>(step_));
    const double variance = h.noise_variance / std::pow(1 + static_cast<double>(step_), h.noise_decay);
    vectors::add_normal(std::sqrt(variance), noise, gradient);
    return value;
  }

 private:
  std::int64_t step_ = 0;
};

}  // namespace gradus::optim
