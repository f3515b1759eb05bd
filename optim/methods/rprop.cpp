// Rprop. Riedmiller & Braun (1993), without backtracking (iRprop-: Igel & Huesken 2000). Each parameter has a step of
// its own.
//   s = sign(g times g of the step before);  s > 0: step <- min(increase step, largest_step)
//                                            s < 0: step <- max(decrease step, smallest_step), g <- 0
//   theta <- theta - sign(g) step
// Steps start at learning_rate. PyTorch does the same; the paper of 1993 takes a step back where the sign changed. Made
// for whole data sets: on batches the sign is noise.
#include <cstdio>
#include <stdexcept>

#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class Rprop final : public FirstOrder {
 public:
  explicit Rprop(const Settings& s)
      : learning_rate_(s["learning_rate"]),
        increase_(s["increase"]),
        decrease_(s["decrease"]),
        smallest_(s["smallest_step"]),
        largest_(s["largest_step"]) {
    if (smallest_ > largest_) {
      char text[120];
      std::snprintf(text, sizeof text, "rprop: smallest_step = %g, expected at most largest_step = %g",
                    static_cast<double>(smallest_), static_cast<double>(largest_));
      throw std::invalid_argument(text);
    }
  }

  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    ensure_state(step_size_, theta, learning_rate_);
    ensure_state(previous_gradient_, theta);
    update_each(
        theta, gradient,
        [this]<class T>(T) {
          return [increase = static_cast<T>(increase_), decrease = static_cast<T>(decrease_),
                  smallest = static_cast<T>(smallest_),
                  largest = static_cast<T>(largest_)](T& x, T g, T& size, T& previous) {
            // The product of the signs, as that of the gradients may underflow.
            const T agreement = sign_of(g) * sign_of(previous);
            const T longer = size * increase, shorter = size * decrease;
            const T grown = longer < largest ? longer : largest, shrunk = shorter > smallest ? shorter : smallest;
            size = agreement > 0 ? grown : agreement < 0 ? shrunk : size;
            previous = agreement < 0 ? T{0} : g;
            x -= sign_of(previous) * size;
          };
        },
        step_size_, previous_gradient_);
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("step_size", step_size_);
    visitor.tensor("previous_gradient", previous_gradient_);
  }

 private:
  Setting learning_rate_, increase_, decrease_, smallest_, largest_;
  Tensor step_size_, previous_gradient_;
};

}  // namespace

Method rprop_method() {
  return {"rprop",
          "Riedmiller & Braun (1993); Igel & Huesken (2000), iRprop-",
          {positive("learning_rate", 0.01, "the first step of each parameter"),
           above_one("increase", 1.2, "factor of a step whose gradient kept its sign"),
           fraction("decrease", 0.5, "factor of a step whose gradient changed its sign"),
           positive("smallest_step", 1e-6, "steps do not become shorter"),
           positive("largest_step", 50, "steps do not become longer")},
          [](const Settings& s) { return std::make_unique<Rprop>(s); },
          Family::elementwise,
          "s = sign(g g_previous)\n"
          "s > 0: step <- min(increase step, largest_step);  s < 0: step <- max(decrease step, smallest_step), g <- 0\n"
          "theta <- theta - sign(g) step;  g_previous = g",
          "PyTorch does the same; Optax takes each step one call later. The paper of 1993 takes the last step back "
          "where the sign changed. The rate is read once: a schedule of it changes nothing after the first step."};
}

}  // namespace gradus::optim
