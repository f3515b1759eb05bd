// Adadelta. Zeiler (2012), Algorithm 1.
//   v <- rho v + (1 - rho) g^2;  d = sqrt(u + epsilon) / sqrt(v + epsilon) g;  u <- rho u + (1 - rho) d^2
//   theta <- theta - learning_rate d
// The paper has no learning rate: 1. Epsilon stands inside both roots, as there, in PyTorch and in Keras, whose default
// rate is 0.001.
#include "autodiff/kernels/math.h"
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class Adadelta final : public FirstOrder {
 public:
  explicit Adadelta(const Settings& s) : learning_rate_(s["learning_rate"]), rho_(s["rho"]), epsilon_(s["epsilon"]) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    ensure_state(gradient_squares_, theta);
    ensure_state(step_squares_, theta);
    update_each(
        theta, gradient,
        [this]<class T>(T) {
          return [rate = static_cast<T>(learning_rate_), fresh = static_cast<T>(1 - rho_),
                  epsilon = static_cast<T>(epsilon_)](T& x, T g, T& v, T& u) {
            v += fresh * (g * g - v);
            const T d = math::sqrt(u + epsilon) / math::sqrt(v + epsilon) * g;
            u += fresh * (d * d - u);
            x -= rate * d;
          };
        },
        gradient_squares_, step_squares_);
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("gradient_squares", gradient_squares_);
    visitor.tensor("step_squares", step_squares_);
  }

 private:
  Setting learning_rate_, rho_, epsilon_;
  Tensor gradient_squares_, step_squares_;
};

}  // namespace

Method adadelta_method() {
  return {"adadelta",
          "Zeiler (2012), Algorithm 1",
          {positive("learning_rate", 1, "factor of the step; the paper has none"),
           decay("rho", 0.9, "decay of both mean squares"),
           positive("epsilon", 1e-6, "added to both mean squares; sets the size of the first steps")},
          [](const Settings& s) { return std::make_unique<Adadelta>(s); },
          Family::elementwise,
          "v <- rho v + (1 - rho) g^2\n"
          "d = sqrt(u + epsilon) / sqrt(v + epsilon) g\n"
          "u <- rho u + (1 - rho) d^2\n"
          "theta <- theta - learning_rate d",
          "PyTorch does the same. Keras does too, but its defaults are the rate 0.001, rho 0.95 and epsilon 1e-7. The "
          "paper has no "
          "learning rate (1) and uses rho 0.95."};
}

}  // namespace gradus::optim
