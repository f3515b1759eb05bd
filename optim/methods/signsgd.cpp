// Sign gradient descent. Bernstein et al. (2018), Algorithm 1.
//   theta <- theta - learning_rate sign(g)
// sign(0) = 0.
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class SignSgd final : public FirstOrder {
 public:
  explicit SignSgd(const Settings& s) : learning_rate_(s["learning_rate"]) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    update_each(theta, gradient, [this]<class T>(T) {
      return [rate = static_cast<T>(learning_rate_)](T& x, T g) { x -= rate * sign_of(g); };
    });
  }
  void visit(StateVisitor&) override {}

 private:
  Setting learning_rate_;
};

}  // namespace

Method signsgd_method() {
  return {"signsgd",
          "Bernstein et al. (2018), Algorithm 1",
          {positive("learning_rate", 0.001, "what each parameter moves by")},
          [](const Settings& s) { return std::make_unique<SignSgd>(s); },
          Family::elementwise,
          "theta <- theta - learning_rate sign(g)",
          "Optax has it as sign_sgd; PyTorch and Keras do not have it."};
}

}  // namespace gradus::optim
