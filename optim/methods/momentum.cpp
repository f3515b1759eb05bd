// Momentum. Polyak (1964), eq. 9, in PyTorch's form:
//   v <- mu v + g;  theta <- theta - learning_rate v
// and Nesterov's accelerated gradient, Nesterov (1983), as Sutskever et al. (2013), eq. 3-4, in terms of the look-ahead point:
//   v <- mu v + g;  theta <- theta - learning_rate (g + mu v)
// Keras and Sutskever put the rate inside, v <- mu v - learning_rate g: the same as long as the rate does not change.
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class Momentum final : public FirstOrder {
 public:
  Momentum(const Settings& s, bool nesterov)
      : learning_rate_(s["learning_rate"]), momentum_(s["momentum"]), nesterov_(nesterov) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    ensure_state(velocity_, theta);
    const auto update = [this]<class T>(T) {
      // The two forms differ in the weights of g and v in the step.
      const T rate = static_cast<T>(learning_rate_), mu = static_cast<T>(momentum_);
      const T of_gradient = nesterov_ ? rate : T{0}, of_velocity = nesterov_ ? rate * mu : rate;
      return [=](T& x, T g, T& v) {
        v = mu * v + g;
        x -= of_gradient * g + of_velocity * v;
      };
    };
    update_each(theta, gradient, update, velocity_);
  }
  void visit(StateVisitor& visitor) override { visitor.tensor("velocity", velocity_); }

 private:
  Setting learning_rate_, momentum_;
  bool nesterov_;
  Tensor velocity_;
};

Method make(bool nesterov) {
  return {nesterov ? "nesterov" : "momentum",
          nesterov ? "Nesterov (1983); Sutskever et al. (2013)" : "Polyak (1964)",
          {positive("learning_rate", 0.01, "step size"), decay("momentum", 0.9, "decay of the velocity")},
          [nesterov](const Settings& s) { return std::make_unique<Momentum>(s, nesterov); },
          Family::elementwise,
          nesterov ? "v <- momentum v + g\ntheta <- theta - learning_rate (g + momentum v)"
                   : "v <- momentum v + g\ntheta <- theta - learning_rate v",
          "Keras and Sutskever put the rate inside, v <- momentum v - learning_rate g: the same while the rate is constant."};
}

}  // namespace

Method momentum_method() { return make(false); }
Method nesterov_method() { return make(true); }

}  // namespace gradus::optim
