// Adam. Kingma & Ba (2015), Algorithm 1; AMSGrad: Reddi, Kale & Kumar (2018), Algorithm 2; AdamW: Loshchilov & Hutter (2019).
//   m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2
//   theta <- theta - learning_rate m^ / (sqrt(v^) + epsilon),  m^ = m / (1 - beta1^t),  v^ = v / (1 - beta2^t)
// Epsilon stands outside the root, after the correction of v, as in the paper and PyTorch; Keras adds it to the root before the
// correction (the paper's "epsilon hat"), so its effect differs in the first steps. AMSGrad takes the maximum of v over time
// and corrects it, as PyTorch does. AdamW shrinks theta by learning_rate * weight_decay first (PyTorch; the paper multiplies by
// the schedule's factor instead of the rate).
#include <cmath>

#include "autodiff/kernels/math.h"
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class Adam final : public FirstOrder {
 public:
  Adam(const Settings& s, Setting weight_decay, bool amsgrad)
      : learning_rate_(s["learning_rate"]),
        beta1_(s["beta1"]),
        beta2_(s["beta2"]),
        epsilon_(s["epsilon"]),
        weight_decay_(std::move(weight_decay)),
        amsgrad_(amsgrad) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    ensure_state(first_moment_, theta);
    ensure_state(second_moment_, theta);
    if (amsgrad_) ensure_state(largest_second_moment_, theta);
    ++step_;
    if (amsgrad_)
      update_each(theta, gradient, [this]<class T>(T) {
        return [c = constants<T>()](T& x, T g, T& m, T& v, T& largest) {
          c.moments(g, m, v);
          largest = v > largest ? v : largest;
          c.move(x, m, largest);
        };
      }, first_moment_, second_moment_, largest_second_moment_);
    else
      update_each(theta, gradient, [this]<class T>(T) {
        return [c = constants<T>()](T& x, T g, T& m, T& v) {
          c.moments(g, m, v);
          c.move(x, m, v);
        };
      }, first_moment_, second_moment_);
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("first_moment", first_moment_);
    visitor.tensor("second_moment", second_moment_);
    if (amsgrad_) visitor.tensor("largest_second_moment", largest_second_moment_);
    visitor.counter("step", step_);
  }

 private:
  template <class T>
  struct Constants {
    T beta1, beta2, rate, root_correction, epsilon, shrink;
    GRADUS_INLINE void moments(T g, T& m, T& v) const {
      m += (1 - beta1) * (g - m);
      v += (1 - beta2) * (g * g - v);
    }
    GRADUS_INLINE void move(T& x, T m, T v) const {
      x = x * shrink - rate * m / (math::sqrt(v) * root_correction + epsilon);
    }
  };
  template <class T>
  Constants<T> constants() const {
    const double t = static_cast<double>(step_);
    return {static_cast<T>(beta1_), static_cast<T>(beta2_),
            static_cast<T>(learning_rate_ / (1 - std::pow(beta1_, t))),
            static_cast<T>(1 / std::sqrt(1 - std::pow(beta2_, t))), static_cast<T>(epsilon_),
            static_cast<T>(1 - learning_rate_ * weight_decay_)};
  }

  Setting learning_rate_, beta1_, beta2_, epsilon_, weight_decay_;
  bool amsgrad_;
  Tensor first_moment_, second_moment_, largest_second_moment_;
  std::int64_t step_ = 0;
};

Setting no_decay() { return Setting(std::make_shared<double>(0.0)); }

}  // namespace

Method adam_method() {
  return {"adam",
          "Kingma & Ba (2015), Algorithm 1",
          {positive("learning_rate", 0.001, "step size"), decay("beta1", 0.9, "decay of the first moment"),
           decay("beta2", 0.999, "decay of the second moment"),
           positive("epsilon", 1e-8, "added to the root of the second moment"),
           flag("amsgrad", false, "use the largest second moment so far (Reddi et al. 2018)")},
          [](const Settings& s) { return std::make_unique<Adam>(s, no_decay(), s.flag("amsgrad")); },
          Family::elementwise,
          "m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2\n"
          "m^ = m / (1 - beta1^t);  v^ = v / (1 - beta2^t)\n"
          "theta <- theta - learning_rate m^ / (sqrt(v^) + epsilon)",
          "Epsilon stands outside the root and after the correction of v, as in the paper and PyTorch; Keras adds it before the "
          "correction (the paper's \"epsilon hat\"). With amsgrad the maximum of v over time is taken and then corrected, as in "
          "PyTorch."};
}
Method adamw_method() {
  Method method = adam_method();
  method.name = "adamw";
  method.source = "Loshchilov & Hutter (2019), Algorithm 2";
  method.formula =
      "m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2\n"
      "m^ = m / (1 - beta1^t);  v^ = v / (1 - beta2^t)\n"
      "theta <- (1 - learning_rate weight_decay) theta - learning_rate m^ / (sqrt(v^) + epsilon)";
  method.differences +=
      " The decay is multiplied by the rate, as in PyTorch; the paper multiplies it by the schedule's factor alone.";
  method.hyperparameters.push_back(
      non_negative("weight_decay", 0.01, "decoupled: theta shrinks by learning_rate * weight_decay a step"));
  method.make = [](const Settings& s) { return std::make_unique<Adam>(s, s["weight_decay"], s.flag("amsgrad")); };
  return method;
}

Method amsgrad_method() {
  Method method = adam_method();
  method.name = "amsgrad";
  method.source = "Reddi, Kale & Kumar (2018), Algorithm 2";
  method.formula =
      "m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2;  w <- max(w, v)\n"
      "m^ = m / (1 - beta1^t);  w^ = w / (1 - beta2^t)\n"
      "theta <- theta - learning_rate m^ / (sqrt(w^) + epsilon)";
  method.differences =
      "adam with its flag amsgrad. The maximum of v over time is taken and then corrected, as in PyTorch; the paper corrects nothing "
      "and has no epsilon, Optax corrects v before it takes the maximum.";
  method.hyperparameters.pop_back();  // the flag
  method.make = [](const Settings& s) { return std::make_unique<Adam>(s, no_decay(), true); };
  return method;
}

}  // namespace gradus::optim
