// Schedule-free SGD. Defazio et al. (2024). theta holds y, where gradients are taken; z takes the steps, x is its
// average.
//   gamma = learning_rate min(1, t / warmup_steps);  z <- z - gamma (g(y) + weight_decay y)
//   S <- S + gamma^2;  c = gamma^2 / S;  x <- (1 - c) x + c z;  y = (1 - momentum) z + momentum x
// x is the point to evaluate at. x and z start at theta.
#include "optim/methods/schedule_free.h"
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class ScheduleFreeSgd final : public FirstOrder {
 public:
  explicit ScheduleFreeSgd(const Settings& s)
      : learning_rate_(s["learning_rate"]),
        momentum_(s["momentum"]),
        weight_decay_(s["weight_decay"]),
        points_(s.count("warmup_steps")) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    points_.ensure(theta);
    const double rate = points_.advance(learning_rate_);
    update_each(
        theta, gradient,
        [&]<class T>(T) {
          return [rate = static_cast<T>(rate), weight_decay = static_cast<T>(weight_decay_),
                  move = points_.interpolation<T>(momentum_)](T& y, T g, T& z, T& x) {
            z -= rate * (g + weight_decay * y);
            move(y, z, x);
          };
        },
        points_.base, points_.average);
  }
  void visit(StateVisitor& visitor) override { points_.visit(visitor); }
  Tensor evaluation_point(const Tensor& theta) override { return points_.evaluation_point(theta); }

 private:
  Setting learning_rate_, momentum_, weight_decay_;
  ScheduleFreePoints points_;
};

}  // namespace

Method schedule_free_sgd_method() {
  return {"schedule_free_sgd",
          "Defazio et al. (2024), eq. 4-6",
          {positive("learning_rate", 0.1, "step size"),
           decay("momentum", 0.9, "how far from z to its average gradients are taken"),
           non_negative("weight_decay", 0, "adds weight_decay y to the gradient"),
           count("warmup_steps", 0, 0, "steps over which the rate rises to learning_rate; 0 for none")},
          [](const Settings& s) { return std::make_unique<ScheduleFreeSgd>(s); },
          Family::elementwise,
          "gamma = learning_rate min(1, t / warmup_steps);  z <- z - gamma (g(y) + weight_decay y)\n"
          "S <- S + gamma^2;  c = gamma^2 / S;  x <- (1 - c) x + c z\n"
          "y = (1 - momentum) z + momentum x\n"
          "theta is y; evaluated at x",
          "The average is weighted by gamma^2, as in the authors' code and Optax, which keep the largest gamma so "
          "far for the weight; here it is that of the step. In Optax's warm-up z moves by the gamma of the step "
          "before. Theirs and Optax's give x by a change of mode or a "
          "function; here it is the evaluation point. PyTorch does not have the method."};
}

}  // namespace gradus::optim
