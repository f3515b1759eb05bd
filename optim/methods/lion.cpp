// Lion. Chen et al. (2023), Algorithm 2.
//   c = beta1 m + (1 - beta1) g;  theta <- theta - learning_rate (sign(c) + weight_decay theta);  m <- beta2 m + (1 -
//   beta2) g
// sign(0) = 0. The decay is multiplied by the rate, as in the paper and Optax.
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class Lion final : public FirstOrder {
 public:
  explicit Lion(const Settings& s)
      : learning_rate_(s["learning_rate"]), beta1_(s["beta1"]), beta2_(s["beta2"]), weight_decay_(s["weight_decay"]) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    ensure_state(momentum_, theta);
    update_each(
        theta, gradient,
        [this]<class T>(T) {
          return [rate = static_cast<T>(learning_rate_), beta1 = static_cast<T>(beta1_),
                  fresh1 = static_cast<T>(1 - beta1_), fresh2 = static_cast<T>(1 - beta2_),
                  weight_decay = static_cast<T>(weight_decay_)](T& x, T g, T& m) {
            x -= rate * (sign_of(beta1 * m + fresh1 * g) + weight_decay * x);
            m += fresh2 * (g - m);
          };
        },
        momentum_);
  }
  void visit(StateVisitor& visitor) override { visitor.tensor("momentum", momentum_); }

 private:
  Setting learning_rate_, beta1_, beta2_, weight_decay_;
  Tensor momentum_;
};

}  // namespace

Method lion_method() {
  return {"lion",
          "Chen et al. (2023), Algorithm 2",
          {positive("learning_rate", 1e-4, "what each parameter moves by"),
           decay("beta1", 0.9, "weight of the momentum in the step's direction"),
           decay("beta2", 0.99, "decay of the momentum"),
           non_negative("weight_decay", 0, "decoupled: theta shrinks by learning_rate * weight_decay a step")},
          [](const Settings& s) { return std::make_unique<Lion>(s); },
          Family::elementwise,
          "c = beta1 m + (1 - beta1) g\n"
          "theta <- theta - learning_rate (sign(c) + weight_decay theta)\n"
          "m <- beta2 m + (1 - beta2) g",
          "Optax does the same, with the default weight decay 0.001. Keras has the method too; PyTorch does not."};
}

}  // namespace gradus::optim
