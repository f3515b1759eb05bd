// RMSprop. Tieleman & Hinton (2012), lecture 6e; the centred form is Graves (2013), eq. 38-45, without its other constants.
//   v <- rho v + (1 - rho) g^2;  [centred: a <- rho a + (1 - rho) g]
//   d = g / (sqrt(v - a^2) + epsilon);  [momentum: b <- mu b + d, d = b];  theta <- theta - learning_rate d
// Epsilon stands outside the root, as in PyTorch; Keras and TensorFlow put it inside. PyTorch calls rho "alpha".
#include "autodiff/kernels/math.h"
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class RmsProp final : public FirstOrder {
 public:
  explicit RmsProp(const Settings& s)
      : learning_rate_(s["learning_rate"]),
        rho_(s["rho"]),
        epsilon_(s["epsilon"]),
        momentum_(s["momentum"]),
        centered_(s.flag("centered")),
        has_momentum_(momentum_ > 0) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    ensure_state(second_moment_, theta);
    if (centered_) ensure_state(first_moment_, theta);
    if (has_momentum_) ensure_state(velocity_, theta);
    // Each variant touches only the state that it has.
    if (centered_ && has_momentum_)
      update_each(theta, gradient, [this]<class T>(T) {
        return [c = constants<T>()](T& x, T g, T& v, T& a, T& b) { x -= c.rate * c.with_momentum(c.centered(g, v, a), b); };
      }, second_moment_, first_moment_, velocity_);
    else if (centered_)
      update_each(theta, gradient, [this]<class T>(T) {
        return [c = constants<T>()](T& x, T g, T& v, T& a) { x -= c.rate * c.centered(g, v, a); };
      }, second_moment_, first_moment_);
    else if (has_momentum_)
      update_each(theta, gradient, [this]<class T>(T) {
        return [c = constants<T>()](T& x, T g, T& v, T& b) { x -= c.rate * c.with_momentum(c.plain(g, v), b); };
      }, second_moment_, velocity_);
    else
      update_each(theta, gradient, [this]<class T>(T) {
        return [c = constants<T>()](T& x, T g, T& v) { x -= c.rate * c.plain(g, v); };
      }, second_moment_);
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("second_moment", second_moment_);
    if (centered_) visitor.tensor("first_moment", first_moment_);
    if (has_momentum_) visitor.tensor("velocity", velocity_);
  }

 private:
  template <class T>
  struct Constants {
    T rate, rho, epsilon, mu;
    GRADUS_INLINE T plain(T g, T& v) const {
      v += (1 - rho) * (g * g - v);
      return g / (math::sqrt(v) + epsilon);
    }
    GRADUS_INLINE T centered(T g, T& v, T& a) const {
      v += (1 - rho) * (g * g - v);
      a += (1 - rho) * (g - a);
      const T variance = v - a * a;
      return g / (math::sqrt(variance > 0 ? variance : T{0}) + epsilon);  // rounding may leave it below 0
    }
    GRADUS_INLINE T with_momentum(T d, T& b) const { return b = mu * b + d; }
  };
  template <class T>
  Constants<T> constants() const {
    return {static_cast<T>(learning_rate_), static_cast<T>(rho_), static_cast<T>(epsilon_), static_cast<T>(momentum_)};
  }

  Setting learning_rate_, rho_, epsilon_, momentum_;
  bool centered_, has_momentum_;
  Tensor second_moment_, first_moment_, velocity_;
};

}  // namespace

Method rmsprop_method() {
  return {"rmsprop",
          "Tieleman & Hinton (2012)",
          {positive("learning_rate", 0.001, "step size"), decay("rho", 0.9, "decay of the mean square"),
           positive("epsilon", 1e-7, "added to the root of the mean square"),
           decay("momentum", 0, "decay of the velocity; 0 for none"),
           flag("centered", false, "divide by the deviation instead of the root mean square (Graves 2013)")},
          [](const Settings& s) { return std::make_unique<RmsProp>(s); },
          Family::elementwise,
          "v <- rho v + (1 - rho) g^2;  [centered: a <- rho a + (1 - rho) g]\n"
          "d = g / (sqrt(v - a^2) + epsilon);  [momentum: b <- momentum b + d, d = b]\n"
          "theta <- theta - learning_rate d",
          "Epsilon stands outside the root, as in PyTorch; Keras and TensorFlow put it inside. PyTorch calls rho \"alpha\". The "
          "velocity exists only if momentum is not 0 at the start."};
}

}  // namespace gradus::optim
