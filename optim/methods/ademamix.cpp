// AdEMAMix. Pagliardini, Ablin & Grangier (2025), Algorithm 1.
//   m1 <- beta1 m1 + (1 - beta1) g;  m2 <- beta3_t m2 + (1 - beta3_t) g;  v <- beta2 v + (1 - beta2) g^2
//   theta <- theta - learning_rate ((m1 / (1 - beta1^t) + alpha_t m2) / (sqrt(v / (1 - beta2^t)) + epsilon) +
//   weight_decay theta)
// alpha_t and beta3_t rise to alpha and beta3 over warmup_steps, beta3_t so that the half-life of m2 grows linearly. m2
// is not corrected for its start, as in the paper.
#include <algorithm>
#include <cmath>

#include "autodiff/kernels/math.h"
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class AdEmaMix final : public FirstOrder {
 public:
  explicit AdEmaMix(const Settings& s)
      : learning_rate_(s["learning_rate"]),
        beta1_(s["beta1"]),
        beta2_(s["beta2"]),
        beta3_(s["beta3"]),
        alpha_(s["alpha"]),
        epsilon_(s["epsilon"]),
        weight_decay_(s["weight_decay"]),
        warmup_(s.count("warmup_steps")) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    ensure_state(fast_moment_, theta);
    ensure_state(slow_moment_, theta);
    ensure_state(second_moment_, theta);
    ++step_;
    const double t = static_cast<double>(step_);
    const double progress = step_ < warmup_ ? t / static_cast<double>(warmup_) : 1;
    const double of_fast = learning_rate_ / (1 - std::pow(beta1_, t)), of_slow = learning_rate_ * alpha_ * progress;
    const double root_correction = 1 / std::sqrt(1 - std::pow(beta2_, t));
    update_each(
        theta, gradient,
        [&]<class T>(T) {
          return [of_fast = static_cast<T>(of_fast), of_slow = static_cast<T>(of_slow),
                  root_correction = static_cast<T>(root_correction), fresh1 = static_cast<T>(1 - beta1_),
                  fresh2 = static_cast<T>(1 - beta2_), fresh3 = static_cast<T>(1 - slow_decay(progress)),
                  epsilon = static_cast<T>(epsilon_),
                  shrink = static_cast<T>(1 - learning_rate_ * weight_decay_)](T& x, T g, T& fast, T& slow, T& v) {
            fast += fresh1 * (g - fast);
            slow += fresh3 * (g - slow);
            v += fresh2 * (g * g - v);
            x = x * shrink - (of_fast * fast + of_slow * slow) / (math::sqrt(v) * root_correction + epsilon);
          };
        },
        fast_moment_, slow_moment_, second_moment_);
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("fast_moment", fast_moment_);
    visitor.tensor("slow_moment", slow_moment_);
    visitor.tensor("second_moment", second_moment_);
    visitor.counter("step", step_);
  }

 private:
  // exp(ln beta1 ln beta3 / ((1 - progress) ln beta3 + progress ln beta1)), written so that betas of 0 are no
  // exception.
  double slow_decay(double progress) const {
    if (progress >= 1) return beta3_;
    const double inverse = (1 - progress) / std::log(beta1_) + progress / std::log(beta3_);
    return std::min(std::exp(1 / inverse), static_cast<double>(beta3_));
  }

  Setting learning_rate_, beta1_, beta2_, beta3_, alpha_, epsilon_, weight_decay_;
  std::int64_t warmup_;
  Tensor fast_moment_, slow_moment_, second_moment_;
  std::int64_t step_ = 0;
};

}  // namespace

Method ademamix_method() {
  return {
      "ademamix",
      "Pagliardini, Ablin & Grangier (2025), Algorithm 1",
      {positive("learning_rate", 0.001, "step size"), decay("beta1", 0.9, "decay of the fast first moment"),
       decay("beta2", 0.999, "decay of the second moment"), decay("beta3", 0.9999, "decay of the slow first moment"),
       non_negative("alpha", 8, "weight of the slow first moment"),
       positive("epsilon", 1e-8, "added to the root of the second moment"),
       non_negative("weight_decay", 0, "decoupled: theta shrinks by learning_rate * weight_decay a step"),
       count("warmup_steps", 0, 0, "steps over which alpha and beta3 rise; 0 for none")},
      [](const Settings& s) { return std::make_unique<AdEmaMix>(s); },
      Family::elementwise,
      "m1 <- beta1 m1 + (1 - beta1) g;  m2 <- beta3_t m2 + (1 - beta3_t) g;  v <- beta2 v + (1 - beta2) g^2\n"
      "m1^ = m1 / (1 - beta1^t);  v^ = v / (1 - beta2^t)\n"
      "theta <- theta - learning_rate ((m1^ + alpha_t m2) / (sqrt(v^) + epsilon) + weight_decay theta)\n"
      "alpha_t = min(t / T, 1) alpha;  beta3_t = min(exp(ln beta1 ln beta3 / ((1 - t/T) ln beta3 + t/T ln beta1)), "
      "beta3)\n"
      "with T = warmup_steps",
      "alpha and beta3 share one number of warm-up steps, none by default: the paper warms up over all of a "
      "training. Optax has the method with schedules of alpha and beta3 in place of warmup_steps, and default alpha "
      "5; PyTorch and Keras do not have it."};
}

}  // namespace gradus::optim
