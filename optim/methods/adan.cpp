// Adan. Xie et al. (2024), Algorithm 1, with betas as decays (1 minus the paper's).
//   d = g - (g of the step before), 0 at first;  m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) d
//   n <- beta3 n + (1 - beta3) (g + beta2 d)^2;  m^ = m / (1 - beta1^t),  v^ and n^ likewise
//   theta <- (theta - learning_rate (m^ + beta2 v^) / (sqrt(n^) + epsilon)) / (1 + learning_rate weight_decay)
// The moments are corrected for their start as in the authors' code and Optax; the paper's Algorithm 1 does not correct
// them.
#include <cmath>

#include "autodiff/kernels/math.h"
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class Adan final : public FirstOrder {
 public:
  explicit Adan(const Settings& s)
      : learning_rate_(s["learning_rate"]),
        beta1_(s["beta1"]),
        beta2_(s["beta2"]),
        beta3_(s["beta3"]),
        epsilon_(s["epsilon"]),
        weight_decay_(s["weight_decay"]) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    ensure_state(first_moment_, theta);
    ensure_state(difference_moment_, theta);
    ensure_state(second_moment_, theta);
    ensure_state(previous_gradient_, theta);
    ++step_;
    const double t = static_cast<double>(step_);
    const double of_moment = learning_rate_ / (1 - std::pow(beta1_, t));
    const double of_difference = learning_rate_ * beta2_ / (1 - std::pow(beta2_, t));
    const double root_correction = 1 / std::sqrt(1 - std::pow(beta3_, t));
    update_each(
        theta, gradient,
        [&]<class T>(T) {
          return
              [first = step_ == 1, of_moment = static_cast<T>(of_moment), of_difference = static_cast<T>(of_difference),
               root_correction = static_cast<T>(root_correction), fresh1 = static_cast<T>(1 - beta1_),
               beta2 = static_cast<T>(beta2_), fresh2 = static_cast<T>(1 - beta2_), fresh3 = static_cast<T>(1 - beta3_),
               epsilon = static_cast<T>(epsilon_), shrink = static_cast<T>(1 / (1 + learning_rate_ * weight_decay_))](
                  T& x, T g, T& m, T& v, T& n, T& previous) {
                const T d = first ? T{0} : g - previous;
                const T ahead = g + beta2 * d;
                m += fresh1 * (g - m);
                v += fresh2 * (d - v);
                n += fresh3 * (ahead * ahead - n);
                x = (x - (of_moment * m + of_difference * v) / (math::sqrt(n) * root_correction + epsilon)) * shrink;
                previous = g;
              };
        },
        first_moment_, difference_moment_, second_moment_, previous_gradient_);
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("first_moment", first_moment_);
    visitor.tensor("difference_moment", difference_moment_);
    visitor.tensor("second_moment", second_moment_);
    visitor.tensor("previous_gradient", previous_gradient_);
    visitor.counter("step", step_);
  }

 private:
  Setting learning_rate_, beta1_, beta2_, beta3_, epsilon_, weight_decay_;
  Tensor first_moment_, difference_moment_, second_moment_, previous_gradient_;
  std::int64_t step_ = 0;
};

}  // namespace

Method adan_method() {
  return {
      "adan",
      "Xie et al. (2024), Algorithm 1",
      {positive("learning_rate", 0.001, "step size"), decay("beta1", 0.98, "decay of the first moment"),
       decay("beta2", 0.92, "decay of the gradients' differences"), decay("beta3", 0.99, "decay of the second moment"),
       positive("epsilon", 1e-8, "added to the root of the second moment"),
       non_negative("weight_decay", 0, "decoupled: theta is divided by 1 + learning_rate * weight_decay a step")},
      [](const Settings& s) { return std::make_unique<Adan>(s); },
      Family::elementwise,
      "d = g - (g of the step before), 0 in the first step\n"
      "m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) d;  n <- beta3 n + (1 - beta3) (g + beta2 d)^2\n"
      "m^ = m / (1 - beta1^t);  v^ = v / (1 - beta2^t);  n^ = n / (1 - beta3^t)\n"
      "theta <- (theta - learning_rate (m^ + beta2 v^) / (sqrt(n^) + epsilon)) / (1 + learning_rate weight_decay)",
      "The betas are decays, as in the authors' code and Optax; the paper's are 1 minus these, and it does not correct "
      "the moments for their start. Optax multiplies d and v^ by 1 - beta2 where the authors' code has beta2, and "
      "subtracts the weight decay instead of dividing. PyTorch and Keras do not have the method."};
}

}  // namespace gradus::optim
