// AdaBelief. Zhuang et al. (2020), Algorithm 2.
//   m <- beta1 m + (1 - beta1) g;  s <- beta2 s + (1 - beta2) (g - m)^2 + epsilon
//   theta <- theta - learning_rate m^ / (sqrt(s^) + epsilon),  m^ = m / (1 - beta1^t),  s^ = s / (1 - beta2^t)
// Epsilon enters twice, as in the paper. Optax takes two of them.
#include <cmath>

#include "autodiff/kernels/math.h"
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class Adabelief final : public FirstOrder {
 public:
  explicit Adabelief(const Settings& s)
      : learning_rate_(s["learning_rate"]), beta1_(s["beta1"]), beta2_(s["beta2"]), epsilon_(s["epsilon"]) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    ensure_state(first_moment_, theta);
    ensure_state(surprise_, theta);
    ++step_;
    const double t = static_cast<double>(step_);
    const double rate = learning_rate_ / (1 - std::pow(beta1_, t));
    const double root_correction = 1 / std::sqrt(1 - std::pow(beta2_, t));
    update_each(
        theta, gradient,
        [&]<class T>(T) {
          return [rate = static_cast<T>(rate), root_correction = static_cast<T>(root_correction),
                  fresh1 = static_cast<T>(1 - beta1_), beta2 = static_cast<T>(beta2_),
                  fresh2 = static_cast<T>(1 - beta2_), epsilon = static_cast<T>(epsilon_)](T& x, T g, T& m, T& s) {
            m += fresh1 * (g - m);
            s = beta2 * s + (fresh2 * (g - m) * (g - m) + epsilon);
            x -= rate * m / (math::sqrt(s) * root_correction + epsilon);
          };
        },
        first_moment_, surprise_);
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("first_moment", first_moment_);
    visitor.tensor("surprise", surprise_);
    visitor.counter("step", step_);
  }

 private:
  Setting learning_rate_, beta1_, beta2_, epsilon_;
  Tensor first_moment_, surprise_;
  std::int64_t step_ = 0;
};

}  // namespace

Method adabelief_method() {
  return {"adabelief",
          "Zhuang et al. (2020), Algorithm 2",
          {positive("learning_rate", 0.001, "step size"), decay("beta1", 0.9, "decay of the first moment"),
           decay("beta2", 0.999, "decay of the squared distance from the first moment"),
           positive("epsilon", 1e-16, "added to the squared distance at each step, and to its root")},
          [](const Settings& s) { return std::make_unique<Adabelief>(s); },
          Family::elementwise,
          "m <- beta1 m + (1 - beta1) g;  s <- beta2 s + (1 - beta2) (g - m)^2 + epsilon\n"
          "m^ = m / (1 - beta1^t);  s^ = s / (1 - beta2^t)\n"
          "theta <- theta - learning_rate m^ / (sqrt(s^) + epsilon)",
          "Epsilon enters in both places, as in the paper; Optax has two, both 1e-16, and the authors' code rectifies "
          "as RAdam "
          "unless told otherwise. PyTorch and Keras do not have the method."};
}

}  // namespace gradus::optim
