// Schedule-free AdamW. Defazio et al. (2024), Algorithm 1. theta holds y, where gradients are taken; z takes the steps,
// x is its average.
//   v <- beta2 v + (1 - beta2) g^2;  gamma = learning_rate sqrt(1 - beta2^t) min(1, t / warmup_steps)
//   z <- z - gamma (g(y) / (sqrt(v) + epsilon) + weight_decay y)
//   S <- S + gamma^2;  c = gamma^2 / S;  x <- (1 - c) x + c z;  y = (1 - beta1) z + beta1 x
// x is the point to evaluate at. x and z start at theta.
#include <cmath>

#include "autodiff/kernels/math.h"
#include "optim/methods/schedule_free.h"
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class ScheduleFreeAdamW final : public FirstOrder {
 public:
  explicit ScheduleFreeAdamW(const Settings& s)
      : learning_rate_(s["learning_rate"]),
        beta1_(s["beta1"]),
        beta2_(s["beta2"]),
        epsilon_(s["epsilon"]),
        weight_decay_(s["weight_decay"]),
        points_(s.count("warmup_steps")) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    ensure_state(second_moment_, theta);
    points_.ensure(theta);
    const double rate =
        points_.advance(learning_rate_, [this](double t) { return std::sqrt(1 - std::pow(beta2_, t)); });
    update_each(
        theta, gradient,
        [&]<class T>(T) {
          return [rate = static_cast<T>(rate), fresh2 = static_cast<T>(1 - beta2_), epsilon = static_cast<T>(epsilon_),
                  weight_decay = static_cast<T>(weight_decay_),
                  move = points_.interpolation<T>(beta1_)](T& y, T g, T& v, T& z, T& x) {
            v += fresh2 * (g * g - v);
            z -= rate * (g / (math::sqrt(v) + epsilon) + weight_decay * y);
            move(y, z, x);
          };
        },
        second_moment_, points_.base, points_.average);
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("second_moment", second_moment_);
    points_.visit(visitor);
  }
  Tensor evaluation_point(const Tensor& theta) override { return points_.evaluation_point(theta); }

 private:
  Setting learning_rate_, beta1_, beta2_, epsilon_, weight_decay_;
  Tensor second_moment_;
  ScheduleFreePoints points_;
};

}  // namespace

Method schedule_free_adamw_method() {
  return {"schedule_free_adamw",
          "Defazio et al. (2024), Algorithm 1",
          {positive("learning_rate", 0.0025, "step size"),
           decay("beta1", 0.9, "how far from z to its average gradients are taken"),
           decay("beta2", 0.999, "decay of the second moment"),
           positive("epsilon", 1e-8, "added to the root of the second moment"),
           non_negative("weight_decay", 0, "decoupled: z moves by -gamma * weight_decay y a step"),
           count("warmup_steps", 0, 0, "steps over which the rate rises to learning_rate; 0 for none")},
          [](const Settings& s) { return std::make_unique<ScheduleFreeAdamW>(s); },
          Family::elementwise,
          "v <- beta2 v + (1 - beta2) g^2;  gamma = learning_rate sqrt(1 - beta2^t) min(1, t / warmup_steps)\n"
          "z <- z - gamma (g(y) / (sqrt(v) + epsilon) + weight_decay y)\n"
          "S <- S + gamma^2;  c = gamma^2 / S;  x <- (1 - c) x + c z\n"
          "y = (1 - beta1) z + beta1 x\n"
          "theta is y; evaluated at x",
          "The average is weighted by gamma^2 and the correction sqrt(1 - beta2^t) is a part of gamma, as in the paper. "
          "The authors' code and Optax correct v instead, so that epsilon is added to the corrected root, and weights "
          "and decay follow the rate without the correction; they keep the largest rate so far for the weight, and in "
          "Optax's warm-up z moves by the rate of the step before. Theirs and Optax's give x by a change of mode or a "
          "function; here it is the evaluation point. Keras has the method too; PyTorch does not."};
}

}  // namespace gradus::optim
