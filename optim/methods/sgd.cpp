// Gradient descent. Cauchy (1847); on mini-batches, Robbins & Monro (1951).
//   theta <- theta - learning_rate g
// The two names are one formula: "gradient_descent" says that the objective is the whole data set, "sgd" that it is a batch.
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class Sgd final : public FirstOrder {
 public:
  explicit Sgd(const Settings& s) : learning_rate_(s["learning_rate"]) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    update_each(theta, gradient, [this]<class T>(T) {
      return [rate = static_cast<T>(learning_rate_)](T& x, T g) { x -= rate * g; };
    });
  }
  void visit(StateVisitor&) override {}

 private:
  Setting learning_rate_;
};

}  // namespace

Method sgd_method() {
  return {"sgd", "Robbins & Monro (1951)", {positive("learning_rate", 0.01, "step size")},
          [](const Settings& s) { return std::make_unique<Sgd>(s); },
          Family::elementwise,
          "theta <- theta - learning_rate g"};
}
Method gradient_descent_method() {
  Method method = sgd_method();
  method.name = "gradient_descent";
  method.source = "Cauchy (1847)";
  return method;
}

}  // namespace gradus::optim
