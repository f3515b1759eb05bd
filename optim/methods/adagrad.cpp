// Adagrad, diagonal form. Duchi, Hazan & Singer (2011), section 1.1.
//   v <- v + g^2;  theta <- theta - learning_rate g / (sqrt(v) + epsilon)
// v starts at initial_accumulator: 0 in the paper and PyTorch, 0.1 in Keras.
#include "autodiff/kernels/math.h"
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class Adagrad final : public FirstOrder {
 public:
  explicit Adagrad(const Settings& s)
      : learning_rate_(s["learning_rate"]), epsilon_(s["epsilon"]), initial_(s["initial_accumulator"]) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    ensure_state(accumulator_, theta, initial_);
    update_each(theta, gradient, [this]<class T>(T) {
      return [rate = static_cast<T>(learning_rate_), epsilon = static_cast<T>(epsilon_)](T& x, T g, T& v) {
        v += g * g;
        x -= rate * g / (math::sqrt(v) + epsilon);
      };
    }, accumulator_);
  }
  void visit(StateVisitor& visitor) override { visitor.tensor("accumulator", accumulator_); }

 private:
  Setting learning_rate_, epsilon_, initial_;
  Tensor accumulator_;
};

}  // namespace

Method adagrad_method() {
  return {"adagrad",
          "Duchi, Hazan & Singer (2011)",
          {positive("learning_rate", 0.01, "step size"), positive("epsilon", 1e-10, "added to the root of the sum of squares"),
           non_negative("initial_accumulator", 0, "where the sum of squares starts")},
          [](const Settings& s) { return std::make_unique<Adagrad>(s); },
          Family::elementwise,
          "v <- v + g^2\n"
          "theta <- theta - learning_rate g / (sqrt(v) + epsilon)",
          "v starts at initial_accumulator: 0 in the paper and PyTorch, 0.1 in Keras and Optax, which add epsilon "
          "inside the root."};
}

}  // namespace gradus::optim
