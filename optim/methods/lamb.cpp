// LAMB. You et al. (2020), Algorithm 2, with the identity for its function phi. For each slice of theta:
//   m, v, m^, v^ as in Adam;  u = m^ / (sqrt(v^) + epsilon) + weight_decay theta
//   theta <- theta - learning_rate (|theta| / |u|) u,  the ratio 1 where either norm is 0
#include <cmath>

#include "autodiff/kernels/math.h"
#include "optim/layerwise.h"
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class Lamb final : public FirstOrder {
 public:
  explicit Lamb(const Settings& s)
      : learning_rate_(s["learning_rate"]),
        beta1_(s["beta1"]),
        beta2_(s["beta2"]),
        epsilon_(s["epsilon"]),
        weight_decay_(s["weight_decay"]) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices slices) override {
    ensure_state(first_moment_, theta);
    ensure_state(second_moment_, theta);
    if (known_slices_.are_new(slices)) direction_ = Tensor::uninitialized({largest_size(slices)}, theta.dtype());
    ++step_;
    for (const Slice& slice : slices)
      step_slice(slice.of(theta), slice.of(gradient), slice.of(first_moment_), slice.of(second_moment_),
                 direction_.part(0, slice.shape));
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("first_moment", first_moment_);
    visitor.tensor("second_moment", second_moment_);
    visitor.counter("step", step_);
  }

 private:
  void step_slice(const Tensor& theta, const Tensor& gradient, const Tensor& first_moment, const Tensor& second_moment,
                  const Tensor& direction) const {
    const double t = static_cast<double>(step_);
    const double correction = 1 / (1 - std::pow(beta1_, t)), root_correction = 1 / std::sqrt(1 - std::pow(beta2_, t));
    update_each(
        theta, gradient,
        [&]<class T>(T) {
          return [correction = static_cast<T>(correction), root_correction = static_cast<T>(root_correction),
                  fresh1 = static_cast<T>(1 - beta1_), fresh2 = static_cast<T>(1 - beta2_),
                  epsilon = static_cast<T>(epsilon_),
                  weight_decay = static_cast<T>(weight_decay_)](T& x, T g, T& m, T& v, T& u) {
            m += fresh1 * (g - m);
            v += fresh2 * (g * g - v);
            u = correction * m / (math::sqrt(v) * root_correction + epsilon) + weight_decay * x;
          };
        },
        first_moment, second_moment, direction);
    const double of_theta = norm(theta), of_direction = norm(direction);
    const double ratio = of_theta > 0 && of_direction > 0 ? of_theta / of_direction : 1;
    update_each(theta, direction, [&]<class T>(T) {
      return [rate = static_cast<T>(learning_rate_ * ratio)](T& x, T u) { x -= rate * u; };
    });
  }

  Setting learning_rate_, beta1_, beta2_, epsilon_, weight_decay_;
  Tensor first_moment_, second_moment_;
  Tensor direction_;  // u of the slice at hand
  KnownSlices known_slices_;
  std::int64_t step_ = 0;
};

}  // namespace

Method lamb_method() {
  return {"lamb",
          "You et al. (2020), Algorithm 2",
          {positive("learning_rate", 0.001, "step size, relative to the norm of each slice"),
           decay("beta1", 0.9, "decay of the first moment"), decay("beta2", 0.999, "decay of the second moment"),
           positive("epsilon", 1e-6, "added to the root of the second moment"),
           non_negative("weight_decay", 0.01, "adds weight_decay theta to the direction, before its norm is taken")},
          [](const Settings& s) { return std::make_unique<Lamb>(s); },
          Family::layerwise,
          "m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2\n"
          "m^ = m / (1 - beta1^t);  v^ = v / (1 - beta2^t);  u = m^ / (sqrt(v^) + epsilon) + weight_decay theta\n"
          "theta <- theta - learning_rate (|theta| / |u|) u, for each slice; the ratio is 1 where a norm is 0",
          "The function phi of the norm of theta is the identity. Optax does the same, with default weight decay 0. "
          "Biases and "
          "norms of layers are slices like any other; some implementations leave them out of the ratio and the decay."};
}

}  // namespace gradus::optim
