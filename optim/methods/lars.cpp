// LARS. You, Gitman & Ginsburg (2017), Algorithm 1. For each slice of theta:
//   ratio = trust_coefficient |theta| / (|g| + weight_decay |theta|), 1 where |theta| or |g| is 0
//   v <- momentum v + learning_rate ratio (g + weight_decay theta);  theta <- theta - v
// The rate is inside the velocity, as in the paper: a schedule acts on later gradients alone.
#include "optim/layerwise.h"
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class Lars final : public FirstOrder {
 public:
  explicit Lars(const Settings& s)
      : learning_rate_(s["learning_rate"]),
        momentum_(s["momentum"]),
        trust_coefficient_(s["trust_coefficient"]),
        weight_decay_(s["weight_decay"]) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices slices) override {
    ensure_state(velocity_, theta);
    for (const Slice& slice : slices) {
      const Tensor part = slice.of(theta), its_gradient = slice.of(gradient);
      const double of_theta = norm(part), of_gradient = norm(its_gradient);
      const double ratio = of_theta > 0 && of_gradient > 0
                               ? trust_coefficient_ * of_theta / (of_gradient + weight_decay_ * of_theta)
                               : 1;
      update_each(
          part, its_gradient,
          [&]<class T>(T) {
            return [rate = static_cast<T>(learning_rate_ * ratio), mu = static_cast<T>(momentum_),
                    weight_decay = static_cast<T>(weight_decay_)](T& x, T g, T& v) {
              v = mu * v + rate * (g + weight_decay * x);
              x -= v;
            };
          },
          slice.of(velocity_));
    }
  }
  void visit(StateVisitor& visitor) override { visitor.tensor("velocity", velocity_); }

 private:
  Setting learning_rate_, momentum_, trust_coefficient_, weight_decay_;
  Tensor velocity_;
};

}  // namespace

Method lars_method() {
  return {
      "lars",
      "You, Gitman & Ginsburg (2017), Algorithm 1",
      {positive("learning_rate", 0.1, "step size"), decay("momentum", 0.9, "decay of the velocity"),
       positive("trust_coefficient", 0.001, "how far a slice trusts its gradient, relative to its norm"),
       non_negative("weight_decay", 0, "adds weight_decay theta to the gradient")},
      [](const Settings& s) { return std::make_unique<Lars>(s); },
      Family::layerwise,
      "ratio = trust_coefficient |theta| / (|g| + weight_decay |theta|), for each slice; 1 where |theta| or |g| is 0\n"
      "v <- momentum v + learning_rate ratio (g + weight_decay theta)\n"
      "theta <- theta - v",
      "The rate is inside the velocity and the decay a part of the gradient, as in the paper and Optax. Optax takes "
      "the norm of the sum g + weight_decay theta where this has the sum of the norms. Biases and norms of layers "
      "are slices like any other; some implementations leave them out."};
}

}  // namespace gradus::optim
