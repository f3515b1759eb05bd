// Noise on the parameters: the gradient of the loss smoothed by a Gaussian, by sampling.
//   g <- mean over k of grad f(theta + scale z_k),  z_k ~ N(0, I)
// Graves (2011); as smoothing, Duchi, Bartlett & Wainwright (2012), eq. 3.
#include "optim/update.h"
#include "optim/wrapper.h"
#include "optim/wrappers/vectors.h"

namespace gradus::optim {
namespace {

class ParameterNoise final : public StepDecorator {
 public:
  ParameterNoise(const Settings& s, std::uint64_t seed)
      : scale_(s["parameter_noise"]), samples_(s.count("parameter_noise_samples")), seed_(seed) {}
  void begin_step() override { invalidate(); }
  void end_step() override { ++step_; }
  void visit(StateVisitor& visitor) override { visitor.counter("step", step_); }

 protected:
  double compute_value(const Tensor& theta) override {
    return mean_over_samples(theta, [](Objective& inner) { return inner.value(); });
  }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    gradient.fill(0);
    const double share = 1 / static_cast<double>(samples_);
    return mean_over_samples(theta, [&](Objective& inner) {
      update_each(gradient, inner.gradient(),
                  [share]<class T>(T) { return [s = static_cast<T>(share)](T& sum, T g) { sum += s * g; }; });
      return inner.value();
    });
  }

 private:
  // All questions of one step see the same points.
  template <class F>
  double mean_over_samples(const Tensor& theta, const F& ask) {
    ensure_state(perturbed_, theta);
    RandomStream stream(seed_, "parameter_noise", static_cast<std::uint64_t>(step_));
    double sum = 0;
    for (std::int64_t k = 0; k < samples_; ++k) {
      perturbed_.copy_from(theta);
      add_normal(perturbed_, scale_, stream);
      sum += ask(inner_moved_to(perturbed_));
    }
    return sum / static_cast<double>(samples_);
  }

  Setting scale_;
  std::int64_t samples_;
  std::uint64_t seed_;
  std::int64_t step_ = 0;
  Tensor perturbed_;
};

}  // namespace

WrapperKind parameter_noise_wrapper() {
  return {"parameter_noise",
          "Graves (2011); Duchi, Bartlett & Wainwright (2012), eq. 3",
          {positive("parameter_noise", 0.01, "standard deviation of the noise on each parameter"),
           count("parameter_noise_samples", 1, 1, "points a step, each at the cost of a gradient")},
          [](Inner inner, const Settings& s) -> std::unique_ptr<Optimizer> {
            return std::make_unique<DecoratingWrapper>("parameter_noise", std::move(inner.optimizer),
                                                       std::make_unique<ParameterNoise>(s, inner.seed));
          },
          Effect::points,
          "g <- mean over k of grad f(theta + parameter_noise z_k), z_k ~ N(0, I)",
          "The loss that is reported is the mean over the same points."};
}

}  // namespace gradus::optim
