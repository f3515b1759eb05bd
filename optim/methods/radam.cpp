// RAdam. Liu et al. (2020), Algorithm 2.
//   m, v as in Adam;  m^ = m / (1 - beta1^t);  rho_inf = 2 / (1 - beta2) - 1;  rho_t = rho_inf - 2 t beta2^t / (1 -
//   beta2^t) if rho_t > 5:  r = sqrt((rho_t - 4) (rho_t - 2) rho_inf / ((rho_inf - 4) (rho_inf - 2) rho_t))
//                  theta <- theta - learning_rate m^ r sqrt(1 - beta2^t) / (sqrt(v) + epsilon)
//   else           theta <- theta - learning_rate m^
// The threshold is 5 and epsilon is added before the correction of v, both as in PyTorch; the paper's threshold is 4
// and it has no epsilon.
#include <cmath>

#include "autodiff/kernels/math.h"
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class Radam final : public FirstOrder {
 public:
  explicit Radam(const Settings& s)
      : learning_rate_(s["learning_rate"]), beta1_(s["beta1"]), beta2_(s["beta2"]), epsilon_(s["epsilon"]) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    ensure_state(first_moment_, theta);
    ensure_state(second_moment_, theta);
    ++step_;
    const double t = static_cast<double>(step_), power = std::pow(beta2_, t);
    const double rate = learning_rate_ / (1 - std::pow(beta1_, t));
    const double longest = 2 / (1 - beta2_) - 1, length = longest - 2 * t * power / (1 - power);
    // The variance of the adaptive rate is known only once the average is long enough.
    const bool rectified = length > 5;
    const double adaptive = rectified ? rate * std::sqrt((length - 4) * (length - 2) * longest /
                                                         ((longest - 4) * (longest - 2) * length) * (1 - power))
                                      : 0;
    update_each(
        theta, gradient,
        [&]<class T>(T) {
          return [rectified, adaptive = static_cast<T>(adaptive), rate = static_cast<T>(rate),
                  fresh1 = static_cast<T>(1 - beta1_), fresh2 = static_cast<T>(1 - beta2_),
                  epsilon = static_cast<T>(epsilon_)](T& x, T g, T& m, T& v) {
            m += fresh1 * (g - m);
            v += fresh2 * (g * g - v);
            x -= m * (rectified ? adaptive / (math::sqrt(v) + epsilon) : rate);
          };
        },
        first_moment_, second_moment_);
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("first_moment", first_moment_);
    visitor.tensor("second_moment", second_moment_);
    visitor.counter("step", step_);
  }

 private:
  Setting learning_rate_, beta1_, beta2_, epsilon_;
  Tensor first_moment_, second_moment_;
  std::int64_t step_ = 0;
};

}  // namespace

Method radam_method() {
  return {"radam",
          "Liu et al. (2020), Algorithm 2",
          {positive("learning_rate", 0.001, "step size"), decay("beta1", 0.9, "decay of the first moment"),
           decay("beta2", 0.999, "decay of the second moment; the rectified steps need it above 0.67"),
           positive("epsilon", 1e-8, "added to the root of the second moment")},
          [](const Settings& s) { return std::make_unique<Radam>(s); },
          Family::elementwise,
          "m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2;  m^ = m / (1 - beta1^t)\n"
          "rho_inf = 2 / (1 - beta2) - 1;  rho_t = rho_inf - 2 t beta2^t / (1 - beta2^t)\n"
          "if rho_t > 5:  r = sqrt((rho_t - 4) (rho_t - 2) rho_inf / ((rho_inf - 4) (rho_inf - 2) rho_t))\n"
          "               theta <- theta - learning_rate m^ r sqrt(1 - beta2^t) / (sqrt(v) + epsilon)\n"
          "else           theta <- theta - learning_rate m^",
          "PyTorch does the same. The paper's threshold is 4 (Optax's is an option, 5) and it has no epsilon; epsilon "
          "is added "
          "before the correction of v, Optax adds it after."};
}

}  // namespace gradus::optim
