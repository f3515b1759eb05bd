// An operation, a layer and an optimizer of one's own, as docs/architecture.md quotes them, and a check that they work.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>

#include "autodiff/gradcheck.h"
#include "autodiff/kernels/loops.h"
#include "autodiff/operations.h"
#include "experiments/lab/network_objective.h"
#include "nn/layers.h"
#include "optim/elementwise.h"

namespace gradus {

// y = ln(1 + x^2), a loss that forgives outliers.  dx = 2 dy x / (1 + x^2)
struct Lorentzian : Elementwise<Lorentzian> {
  static constexpr const char* title = "lorentzian";
  void evaluate(Inputs in, const Tensor& out, bool accumulate) const override {
    kernels::map(
        out, accumulate, []<class T>(T x) { return std::log1p(x * x); }, in[0]);
  }
  void vjp(auto& s) const {
    s.to(0, [&] { return scale(div(mul(s.dy(), s.in(0)), add_scalar(square(s.in(0)), 1)), 2); });
  }
};
auto lorentzian(const Term auto& x) { return apply(Lorentzian{}, x); }

}  // namespace gradus

namespace gradus::nn {

// x[batch, n] -> y[batch, n] = x gain, one factor for each feature; the factors start at 1.
class Gain {
 public:
  explicit Gain(std::int64_t n) : n_(n) {}
  void declare(ParameterScope& scope) { scope.declare(gain_, "gain", {n_}, constant(1)); }
  Var forward(Forward& f, const Var& x) const { return mul(x, f[gain_]); }

 private:
  std::int64_t n_;
  ParameterId gain_{"Gain"};
};

}  // namespace gradus::nn

namespace gradus::optim {

struct Signum {
  double learning_rate = 0.001, beta = 0.9;

  static constexpr Description describe() {
    return {"signum",
            "Bernstein et al. (2018), Algorithm 2",
            R"(
            m <- beta m + (1 - beta) g
            theta <- theta - learning_rate sign(m)
            )",
            "",
            {field<&Signum::learning_rate>(positive(), "what each parameter moves by"),
             field<&Signum::beta>(decay(), "decay of the momentum")},
            {"momentum"}};
  }
  template <class T>
  auto update() const {
    return [rate = T(learning_rate), beta = T(beta)](T& x, T g, T& m) {
      m = beta * m + (1 - beta) * g;
      x -= rate * sign_of(m);
    };
  }
};

}  // namespace gradus::optim

using namespace gradus;

int main() {
  const std::string complaint =
      gradcheck("lorentzian", [](Tape&, const std::vector<Var>& x) { return lorentzian(x[0]); },
                {Tensor::of({2, 3}, {-2, -1, -0.1, 0.3, 1, 4})});
  fmt::print("gradient check: {}\n", complaint.empty() ? "good" : complaint);

  // The three together: a network with the layer learns y = 2 a - b with the operation as its loss, by the method.
  lab::NetworkObjective objective(
      nn::Sequential{nn::Linear{2, 8}, nn::Gain{8}, nn::Linear{8, 1}},
      [](const Var& y, const Var& target) { return mean(lorentzian(sub(y, target))); }, DType::float64,
      RandomStream(1));
  const lab::Batch batch{Tensor::of({4, 2}, {1, 0, 0, 1, 1, 1, -1, 2}), Tensor::of({4, 1}, {2, -1, 1, -4})};
  const auto signum = optim::make(optim::Signum{.learning_rate = 0.003});
  const Tensor theta = objective.parameters().initial(DType::float64, RandomStream(2));
  double first = 0, last = 0;
  for (int i = 0; i < 1000; ++i) {
    objective.set_batch(batch);
    last = signum->step(objective, theta).loss;
    if (i == 0) first = last;
  }
  fmt::print("loss: {:.4f} before, {:.6f} after 1000 steps; {} bytes of state\n", first, last, signum->state_bytes());
  const bool written = std::fflush(stdout) == 0;
  return complaint.empty() && last < 0.01 * first && written ? 0 : 1;
}
