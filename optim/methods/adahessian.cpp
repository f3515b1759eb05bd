// AdaHessian. Yao, Gholami, Shen, Mustafa, Keutzer & Mahoney (2021), Algorithm 1.
//   D = z * (H z), z of random signs, a mean over the kernel for convolutions (its equation 9)
//   m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) D^2
//   theta <- (1 - learning_rate weight_decay) theta - learning_rate m^ / (sqrt(v^)^hessian_power + epsilon)
// with m^ = m / (1 - beta1^t), v^ = v / (1 - beta2^t). The mean is of D itself, as in the paper's equation; its program
// takes |D|.
#include <cmath>

#include "autodiff/curvature/probe.h"
#include "autodiff/tensor/vectors.h"
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

// The mean over the places of each kernel, instead of each of its elements; kernels are [height, width, in, out].
void average_over_kernels(std::span<const Slice> slices, const Tensor& diagonal) {
  for (const Slice& slice : slices) {
    if (slice.shape.rank() != 4) continue;
    const std::int64_t places = slice.shape[0] * slice.shape[1], channels = slice.shape[2] * slice.shape[3];
    with_floating(diagonal.dtype(), [&]<class T>(T) {
      T* d = slice.of(diagonal).template data<T>();
      for (std::int64_t c = 0; c < channels; ++c) {
        double sum = 0;
        for (std::int64_t p = 0; p < places; ++p) sum += static_cast<double>(d[p * channels + c]);
        for (std::int64_t p = 0; p < places; ++p)
          d[p * channels + c] = static_cast<T>(sum / static_cast<double>(places));
      }
    });
  }
}

class AdaHessian final : public Optimizer {
 public:
  explicit AdaHessian(const Settings& s)
      : learning_rate_(s["learning_rate"]),
        beta1_(s["beta1"]),
        beta2_(s["beta2"]),
        epsilon_(s["epsilon"]),
        hessian_power_(s["hessian_power"]),
        weight_decay_(s["weight_decay"]),
        spatial_averaging_(s.flag("spatial_averaging")),
        interval_(s.count("update_interval")),
        stream_(s.stream) {}

  void check(const Objective& objective) override { require(objective, &Curvature::hessian, "adahessian"); }
  StepReport step(Objective& objective, const Tensor& theta) override {
    check(objective);
    ensure_state(first_moment_, theta);
    ensure_state(second_moment_, theta);
    vectors::like(probe_, theta);
    vectors::like(diagonal_, theta);
    StepReport report;
    if (!begin_step(objective, theta, report)) return report;
    const Tensor& gradient = objective.gradient();
    report.gradient_norm = vectors::norm(gradient);
    const bool estimates = step_ % interval_ == 0;
    if (estimates) {
      RandomStream random = stream_.child("adahessian", static_cast<std::uint64_t>(step_));
      draw(Probe::rademacher, random, probe_);
      multiply(require(objective, &Curvature::hessian, "adahessian"), probe_, diagonal_);
      vectors::multiply(probe_, diagonal_, diagonal_);
      if (spatial_averaging_) average_over_kernels(objective.slices(), diagonal_);
    }
    if (estimates && !vectors::is_finite(diagonal_)) {
      report.reason = Reason::not_finite;
      return report;
    }
    ++step_;
    if (estimates) {
      ++estimates_;
      update_each(second_moment_, diagonal_, [this]<class T>(T) {
        return [beta2 = static_cast<T>(beta2_)](T& v, T d) { v += (1 - beta2) * (d * d - v); };
      });
    }
    update_each(
        theta, gradient,
        [this]<class T>(T) {
          const double rate = learning_rate_;
          return [beta1 = static_cast<T>(beta1_), power = static_cast<T>(hessian_power_ / 2),
                  epsilon = static_cast<T>(epsilon_), shrink = static_cast<T>(1 - rate * weight_decay_),
                  rate = static_cast<T>(rate / (1 - std::pow(beta1_, static_cast<double>(step_)))),
                  correction = static_cast<T>(1 / (1 - std::pow(beta2_, static_cast<double>(estimates_))))](
                     T& x, T g, T& m, T& v) {
            m += (1 - beta1) * (g - m);
            x = x * shrink - rate * m / (std::pow(v * correction, power) + epsilon);
          };
        },
        first_moment_, second_moment_);
    return report;
  }

  void visit(StateVisitor& visitor) override {
    visitor.tensor("first_moment", first_moment_);
    visitor.tensor("second_moment", second_moment_);
    visitor.counter("step", step_);
    visitor.counter("estimates", estimates_);
  }

 private:
  Setting learning_rate_, beta1_, beta2_, epsilon_, hessian_power_, weight_decay_;
  bool spatial_averaging_;
  std::int64_t interval_;
  RandomStream stream_;
  Tensor first_moment_, second_moment_, probe_, diagonal_;
  std::int64_t step_ = 0, estimates_ = 0;
};

}  // namespace

Method adahessian_method() {
  return {
      "adahessian",
      "Yao et al. (2021), Algorithm 1",
      {positive("learning_rate", 0.15, "step size"), decay("beta1", 0.9, "decay of the first moment"),
       decay("beta2", 0.999, "decay of the squared diagonal's mean"),
       positive("epsilon", 1e-4, "added to the power of the root of the second moment"),
       between("hessian_power", 1, 0, 1, "exponent of the root of the second moment"),
       non_negative("weight_decay", 0, "decoupled: theta shrinks by learning_rate * weight_decay a step"),
       flag("spatial_averaging", true, "the diagonal's mean over the places of a convolution's kernel"),
       count("update_interval", 1, 1, "steps from one estimate of the diagonal to the next")},
      [](const Settings& s) { return std::make_unique<AdaHessian>(s); },
      Family::curvature,
      "D = z * (H z), z of random signs;  a mean over each kernel of a convolution\n"
      "m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) D^2\n"
      "m^ = m / (1 - beta1^t);  v^ = v / (1 - beta2^t)\n"
      "theta <- (1 - learning_rate weight_decay) theta - learning_rate m^ / (sqrt(v^)^hessian_power + epsilon)",
      "The mean over a kernel is that of D, as in the paper's equation; its authors' program takes that of |D|. With "
      "update_interval > 1, v^ is corrected by the number of estimates.",
      false,
      {drawn_from_stream("probe_seed")}};
}

}  // namespace gradus::optim
