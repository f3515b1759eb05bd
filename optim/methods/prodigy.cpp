// Prodigy. Mishchenko & Defazio (2024), Algorithm 4 (in the form of Adam). Over all of theta; x0 is where it started.
//   m <- beta1 m + (1 - beta1) d g;  v <- beta2 v + (1 - beta2) d^2 g^2
//   r <- sqrt(beta2) r + (1 - sqrt(beta2)) learning_rate d^2 <g, x0 - theta>
//   s <- sqrt(beta2) s + (1 - sqrt(beta2)) learning_rate d^2 g;  d' = max(d, r / |s|_1)
//   theta <- theta - learning_rate d (m / (sqrt(v) + d epsilon) + weight_decay theta);  d <- d'
// d estimates the distance from x0 to a solution, from below. The moments are not corrected for their start, as in the
// paper.
#include <algorithm>
#include <cmath>

#include "autodiff/kernels/math.h"
#include "optim/layerwise.h"
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class Prodigy final : public FirstOrder {
 public:
  explicit Prodigy(const Settings& s)
      : learning_rate_(s["learning_rate"]),
        beta1_(s["beta1"]),
        beta2_(s["beta2"]),
        epsilon_(s["epsilon"]),
        weight_decay_(s["weight_decay"]),
        initial_distance_(s["initial_distance"]) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    ensure_state(first_moment_, theta);
    ensure_state(second_moment_, theta);
    ensure_state(weighted_sum_, theta);
    if (!start_.defined()) start_ = theta.clone();
    ensure_state(start_, theta);
    if (distance_ == 0) distance_ = initial_distance_;

    const double kept = std::sqrt(beta2_), d = distance_, entering = (1 - kept) * learning_rate_ * d * d;
    numerator_ = kept * numerator_ + entering * dot_with_difference(gradient, start_, theta);
    update_each(
        theta, gradient,
        [&]<class T>(T) {
          return [rate = static_cast<T>(learning_rate_ * d), beta1 = static_cast<T>(beta1_),
                  fresh1 = static_cast<T>((1 - beta1_) * d), beta2 = static_cast<T>(beta2_), d = static_cast<T>(d),
                  fresh2 = static_cast<T>(1 - beta2_), kept = static_cast<T>(kept), entering = static_cast<T>(entering),
                  epsilon = static_cast<T>(d * epsilon_),
                  weight_decay = static_cast<T>(weight_decay_)](T& x, T g, T& m, T& v, T& s) {
            m = beta1 * m + fresh1 * g;
            v = beta2 * v + fresh2 * (d * g) * (d * g);
            s = kept * s + entering * g;
            x -= rate * (m / (math::sqrt(v) + epsilon) + weight_decay * x);
          };
        },
        first_moment_, second_moment_, weighted_sum_);
    if (const double size = sum_of_sizes(weighted_sum_); size > 0) distance_ = std::max(d, numerator_ / size);
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("first_moment", first_moment_);
    visitor.tensor("second_moment", second_moment_);
    visitor.tensor("weighted_sum", weighted_sum_);
    visitor.tensor("start", start_);
    visitor.number("numerator", numerator_);
    visitor.number("distance", distance_);
  }

 private:
  Setting learning_rate_, beta1_, beta2_, epsilon_, weight_decay_, initial_distance_;
  Tensor first_moment_, second_moment_, weighted_sum_, start_;
  double numerator_ = 0, distance_ = 0;  // r and d; d is 0 before the first step
};

}  // namespace

Method prodigy_method() {
  return {"prodigy",
          "Mishchenko & Defazio (2024), Algorithm 4",
          {positive("learning_rate", 1, "factor of the rate that is found"),
           decay("beta1", 0.9, "decay of the first moment"),
           decay("beta2", 0.999, "decay of the second moment; its root is that of r and s"),
           positive("epsilon", 1e-8, "added to the root of the second moment, times d"),
           non_negative("weight_decay", 0, "decoupled: theta shrinks by learning_rate * d * weight_decay a step"),
           positive("initial_distance", 1e-6, "where d starts; it only grows")},
          [](const Settings& s) { return std::make_unique<Prodigy>(s); },
          Family::layerwise,
          "m <- beta1 m + (1 - beta1) d g;  v <- beta2 v + (1 - beta2) d^2 g^2\n"
          "r <- sqrt(beta2) r + (1 - sqrt(beta2)) learning_rate d^2 <g, x0 - theta>\n"
          "s <- sqrt(beta2) s + (1 - sqrt(beta2)) learning_rate d^2 g;  d' = max(d, r / |s|_1)\n"
          "theta <- theta - learning_rate d (m / (sqrt(v) + d epsilon) + weight_decay theta);  d <- d'",
          "One d for all of theta. The moments are not corrected for their start, as in the paper; the authors' code "
          "can correct them and Optax does, and both divide r and s by the initial distance, which cancels. Their "
          "epsilon is multiplied by d', not d. PyTorch and Keras do not have the method."};
}

}  // namespace gradus::optim
