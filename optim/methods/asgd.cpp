// Averaged stochastic gradient descent. Ruppert (1988); Polyak & Juditsky (1992).
//   theta <- theta - learning_rate g;  t <= average_start: a = theta, else a <- a + (theta - a) / (t - average_start)
// a, the mean of the points after average_start, is the point to evaluate at. PyTorch's ASGD also lets the rate fall
// and decays theta (its lambd and alpha).
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class Asgd final : public FirstOrder {
 public:
  explicit Asgd(const Settings& s) : learning_rate_(s["learning_rate"]), average_start_(s.count("average_start")) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices) override {
    ensure_state(average_, theta);
    ++step_;
    // 1 copies the point.
    const double share = step_ <= average_start_ + 1 ? 1 : 1 / static_cast<double>(step_ - average_start_);
    update_each(
        theta, gradient,
        [&]<class T>(T) {
          return [rate = static_cast<T>(learning_rate_), share = static_cast<T>(share)](T& x, T g, T& a) {
            x -= rate * g;
            a = share == 1 ? x : a + share * (x - a);
          };
        },
        average_);
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("average", average_);
    visitor.counter("step", step_);
  }
  Tensor evaluation_point(const Tensor& theta) override { return step_ > 0 ? average_ : theta; }

 private:
  Setting learning_rate_;
  std::int64_t average_start_;
  Tensor average_;
  std::int64_t step_ = 0;
};

}  // namespace

Method asgd_method() {
  return {"asgd",
          "Ruppert (1988); Polyak & Juditsky (1992)",
          {positive("learning_rate", 0.01, "step size"),
           count("average_start", 0, 0, "steps before the mean over the points begins")},
          [](const Settings& s) { return std::make_unique<Asgd>(s); },
          Family::elementwise,
          "theta <- theta - learning_rate g\n"
          "t <= average_start: a = theta, else a <- a + (theta - a) / (t - average_start)\n"
          "evaluated at a",
          "PyTorch's ASGD also lets the rate fall with time and decays theta (lambd and alpha), and its t0 is "
          "average_start - 1, by default 1e6; the rate falls here by a schedule. Gradients are taken at theta, "
          "evaluations at a."};
}

}  // namespace gradus::optim
