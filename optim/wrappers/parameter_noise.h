// Noise on the parameters: the gradient of the loss smoothed by a Gaussian, by sampling.
#pragma once

#include "autodiff/tensor/vectors.h"
#include "optim/update.h"
#include "optim/wrapper.h"

namespace gradus::optim {

struct ParameterNoise {
  double parameter_noise = 0.01;
  std::int64_t parameter_noise_samples = 1;

  static constexpr Place place{.effect = Effect::points};
  static constexpr Description describe() {
    return {"parameter_noise",
            "Graves (2011); Duchi, Bartlett & Wainwright (2012), eq. 3",
            "g <- mean over k of grad f(theta + parameter_noise z_k), z_k ~ N(0, I)",
            "The loss that is reported is the mean over the same points.",
            {field<&ParameterNoise::parameter_noise>(positive(), "standard deviation of the noise on each parameter"),
             field<&ParameterNoise::parameter_noise_samples>(at_least(1),
                                                             "points a step, each at the cost of a gradient")}};
  }
  class Decorator;
};

class ParameterNoise::Decorator final : public DecoratorOf<ParameterNoise> {
 public:
  using DecoratorOf::DecoratorOf;
  void begin_step() override { invalidate(); }
  void end_step() override { ++step_; }
  void visit(StateVisitor& visitor) override { visitor.counter("step", step_); }

 protected:
  double compute_value(const Tensor& theta) override {
    return mean_over_samples(theta, [](Objective& inner) { return inner.value(); });
  }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    gradient.fill(0);
    const double share = 1 / static_cast<double>(h.parameter_noise_samples);
    return mean_over_samples(theta, [&](Objective& inner) {
      update_each(gradient, inner.gradient(),
                  [share]<class T>(T) { return [s = T(share)](T& sum, T g) { sum += s * g; }; });
      return inner.value();
    });
  }

 private:
  // All questions of one step see the same points.
  template <class F>
  double mean_over_samples(const Tensor& theta, const F& ask) {
    ensure_state(perturbed_, theta);
    RandomStream noise = stream.child("step", static_cast<std::uint64_t>(step_));
    double sum = 0;
    for (std::int64_t k = 0; k < h.parameter_noise_samples; ++k) {
      perturbed_.copy_from(theta);
      vectors::add_normal(h.parameter_noise, noise, perturbed_);
      sum += ask(inner_moved_to(perturbed_));
    }
    return sum / static_cast<double>(h.parameter_noise_samples);
  }

  std::int64_t step_ = 0;
  Tensor perturbed_;
};

}  // namespace gradus::optim
