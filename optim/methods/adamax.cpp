// AdaMax. Kingma & Ba (2015), Algorithm 2.
//   m <- beta1 m + (1 - beta1) g;  u <- max(beta2 u, |g| + epsilon);  theta <- theta - learning_rate / (1 - beta1^t) m
//   / u
// The paper has no epsilon and divides 0 by 0 where the gradient has always been 0. It is added to |g|, as PyTorch
// and Optax do; Keras adds it to u.
#include <cmath>

#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class Adamax final : public FirstOrder {
 public:
  explicit Adamax(const Settings& s)
      : learning_rate_(s["learning_rate"]), beta1_(s["beta1"]), beta2_(s["beta2"]), epsilon_(s["epsilon"]) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    ensure_state(first_moment_, theta);
    ensure_state(largest_gradient_, theta);
    ++step_;
    update_each(
        theta, gradient,
        [this]<class T>(T) {
          const double rate = learning_rate_ / (1 - std::pow(beta1_, static_cast<double>(step_)));
          return [rate = static_cast<T>(rate), fresh = static_cast<T>(1 - beta1_), beta2 = static_cast<T>(beta2_),
                  epsilon = static_cast<T>(epsilon_)](T& x, T g, T& m, T& u) {
            m += fresh * (g - m);
            const T kept = beta2 * u, now = (g < 0 ? -g : g) + epsilon;
            u = kept > now ? kept : now;
            x -= rate * m / u;
          };
        },
        first_moment_, largest_gradient_);
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("first_moment", first_moment_);
    visitor.tensor("largest_gradient", largest_gradient_);
    visitor.counter("step", step_);
  }

 private:
  Setting learning_rate_, beta1_, beta2_, epsilon_;
  Tensor first_moment_, largest_gradient_;
  std::int64_t step_ = 0;
};

}  // namespace

Method adamax_method() {
  return {"adamax",
          "Kingma & Ba (2015), Algorithm 2",
          {positive("learning_rate", 0.002, "step size"), decay("beta1", 0.9, "decay of the first moment"),
           decay("beta2", 0.999, "decay of the largest gradient"),
           positive("epsilon", 1e-8, "added to the gradient's size")},
          [](const Settings& s) { return std::make_unique<Adamax>(s); },
          Family::elementwise,
          "m <- beta1 m + (1 - beta1) g;  u <- max(beta2 u, |g| + epsilon)\n"
          "theta <- theta - learning_rate / (1 - beta1^t) m / u",
          "The paper has no epsilon. It is added to |g| as in PyTorch and Optax; Keras adds it to u in the division."};
}

}  // namespace gradus::optim
