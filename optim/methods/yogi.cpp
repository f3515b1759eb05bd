// Yogi. Zaheer et al. (2018), Algorithm 2.
//   m <- beta1 m + (1 - beta1) g;  v <- v - (1 - beta2) sign(v - g^2) g^2;  theta <- theta - learning_rate m / (sqrt(v)
//   + epsilon)
// There is no correction of the moments, as in the paper; Optax corrects both. v starts at initial_accumulator.
#include "autodiff/kernels/math.h"
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class Yogi final : public FirstOrder {
 public:
  explicit Yogi(const Settings& s)
      : learning_rate_(s["learning_rate"]),
        beta1_(s["beta1"]),
        beta2_(s["beta2"]),
        epsilon_(s["epsilon"]),
        initial_(s["initial_accumulator"]) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    ensure_state(first_moment_, theta);
    ensure_state(second_moment_, theta, initial_);
    update_each(
        theta, gradient,
        [this]<class T>(T) {
          return [rate = static_cast<T>(learning_rate_), fresh1 = static_cast<T>(1 - beta1_),
                  fresh2 = static_cast<T>(1 - beta2_), epsilon = static_cast<T>(epsilon_)](T& x, T g, T& m, T& v) {
            const T square = g * g;
            m += fresh1 * (g - m);
            v -= fresh2 * square * sign_of(v - square);
            x -= rate * m / (math::sqrt(v) + epsilon);
          };
        },
        first_moment_, second_moment_);
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("first_moment", first_moment_);
    visitor.tensor("second_moment", second_moment_);
  }

 private:
  Setting learning_rate_, beta1_, beta2_, epsilon_, initial_;
  Tensor first_moment_, second_moment_;
};

}  // namespace

Method yogi_method() {
  return {"yogi",
          "Zaheer et al. (2018), Algorithm 2",
          {positive("learning_rate", 0.01, "step size"), decay("beta1", 0.9, "decay of the first moment"),
           decay("beta2", 0.999, "1 minus the speed of the second moment"),
           positive("epsilon", 1e-3, "added to the root of the second moment"),
           non_negative("initial_accumulator", 1e-6, "where the second moment starts")},
          [](const Settings& s) { return std::make_unique<Yogi>(s); },
          Family::elementwise,
          "m <- beta1 m + (1 - beta1) g;  v <- v - (1 - beta2) sign(v - g^2) g^2\n"
          "theta <- theta - learning_rate m / (sqrt(v) + epsilon)",
          "The moments are not corrected for their start, as in the paper; Optax corrects them. v starts at "
          "initial_accumulator, in Optax m too; PyTorch and Keras do not have the method."};
}

}  // namespace gradus::optim
