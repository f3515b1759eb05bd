// NAdam. Dozat (2016), in PyTorch's form, with the paper's schedule of the momentum:
//   mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2);  M_t = mu_1 ... mu_t;  m, v and v^ as in Adam
//   m^ = mu_{t+1} m / (1 - M_t mu_{t+1}) + (1 - mu_t) g / (1 - M_t);  theta <- theta - learning_rate m^ / (sqrt(v^) +
//   epsilon)
// m itself decays by beta1, as in PyTorch and Keras; the paper's Algorithm 8 lets it decay by mu_t.
#include <cmath>

#include "autodiff/kernels/math.h"
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class Nadam final : public FirstOrder {
 public:
  explicit Nadam(const Settings& s)
      : learning_rate_(s["learning_rate"]),
        beta1_(s["beta1"]),
        beta2_(s["beta2"]),
        epsilon_(s["epsilon"]),
        momentum_decay_(s["momentum_decay"]) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    ensure_state(first_moment_, theta);
    ensure_state(second_moment_, theta);
    ++step_;
    const double mu = momentum_at(step_), next = momentum_at(step_ + 1);
    momentum_product_ *= mu;
    const double of_moment = learning_rate_ * next / (1 - momentum_product_ * next);
    const double of_gradient = learning_rate_ * (1 - mu) / (1 - momentum_product_);
    const double root_correction = 1 / std::sqrt(1 - std::pow(beta2_, static_cast<double>(step_)));
    update_each(
        theta, gradient,
        [&]<class T>(T) {
          return [of_moment = static_cast<T>(of_moment), of_gradient = static_cast<T>(of_gradient),
                  root_correction = static_cast<T>(root_correction), fresh1 = static_cast<T>(1 - beta1_),
                  fresh2 = static_cast<T>(1 - beta2_), epsilon = static_cast<T>(epsilon_)](T& x, T g, T& m, T& v) {
            m += fresh1 * (g - m);
            v += fresh2 * (g * g - v);
            x -= (of_moment * m + of_gradient * g) / (math::sqrt(v) * root_correction + epsilon);
          };
        },
        first_moment_, second_moment_);
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("first_moment", first_moment_);
    visitor.tensor("second_moment", second_moment_);
    visitor.number("momentum_product", momentum_product_);
    visitor.counter("step", step_);
  }

 private:
  double momentum_at(std::int64_t t) const {
    return beta1_ * (1 - 0.5 * std::pow(0.96, static_cast<double>(t) * momentum_decay_));
  }

  Setting learning_rate_, beta1_, beta2_, epsilon_, momentum_decay_;
  Tensor first_moment_, second_moment_;
  double momentum_product_ = 1;
  std::int64_t step_ = 0;
};

}  // namespace

Method nadam_method() {
  return {"nadam",
          "Dozat (2016), Algorithm 8",
          {positive("learning_rate", 0.002, "step size"), decay("beta1", 0.9, "decay of the first moment"),
           decay("beta2", 0.999, "decay of the second moment"),
           positive("epsilon", 1e-8, "added to the root of the second moment"),
           non_negative("momentum_decay", 0.004, "how fast the momentum rises from beta1 / 2 to beta1")},
          [](const Settings& s) { return std::make_unique<Nadam>(s); },
          Family::elementwise,
          "mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2);  M_t = mu_1 ... mu_t\n"
          "m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2;  v^ = v / (1 - beta2^t)\n"
          "m^ = mu_{t+1} m / (1 - M_t mu_{t+1}) + (1 - mu_t) g / (1 - M_t)\n"
          "theta <- theta - learning_rate m^ / (sqrt(v^) + epsilon)",
          "PyTorch does the same, and Keras with momentum_decay 1. m decays by beta1; in the paper it decays by "
          "mu_t. Optax's nadam has no schedule of the momentum."};
}

}  // namespace gradus::optim
