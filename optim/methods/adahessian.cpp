#include "optim/methods/adahessian.h"

#include <cmath>

#include "autodiff/tensor/probe.h"
#include "autodiff/tensor/vectors.h"
#include "optim/typed.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

// The mean over the places of each kernel, instead of each of its elements; kernels are [height, width, in, out].
void average_over_kernels(std::span<const ParameterSlice> slices, const Tensor& diagonal) {
  for (const ParameterSlice& slice : slices) {
    if (slice.shape.rank() != 4) continue;
    const std::int64_t places = slice.shape[0] * slice.shape[1], channels = slice.shape[2] * slice.shape[3];
    with_floating(diagonal.dtype(), [&]<class T>(T) {
      T* d = slice.of(diagonal).template data<T>();
      for (std::int64_t c = 0; c < channels; ++c) {
        double sum = 0;
        for (std::int64_t p = 0; p < places; ++p) sum += static_cast<double>(d[p * channels + c]);
        for (std::int64_t p = 0; p < places; ++p) d[p * channels + c] = T(sum / static_cast<double>(places));
      }
    });
  }
}

class AdaHessianSteps final : public OptimizerOf<AdaHessian> {
 public:
  AdaHessianSteps(const AdaHessian& method, const RandomStream& stream) : OptimizerOf(method), stream_(stream) {}

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
    const bool estimates = step_ % h.update_interval == 0;
    if (estimates) {
      RandomStream random = stream_.child("adahessian", static_cast<std::uint64_t>(step_));
      draw(Probe::rademacher, random, probe_);
      multiply(require(objective, &Curvature::hessian, "adahessian"), probe_, diagonal_);
      vectors::multiply(probe_, diagonal_, diagonal_);
      if (h.spatial_averaging) average_over_kernels(objective.slices(), diagonal_);
    }
    if (estimates && !vectors::is_finite(diagonal_)) {
      report.reason = Reason::not_finite;
      return report;
    }
    ++step_;
    if (estimates) {
      ++estimates_;
      update_each(second_moment_, diagonal_,
                  [this]<class T>(T) { return [beta2 = T(h.beta2)](T& v, T d) { v += (1 - beta2) * (d * d - v); }; });
    }
    update_each(
        theta, gradient,
        [this]<class T>(T) {
          const double rate = h.learning_rate;
          return [beta1 = T(h.beta1), power = T(h.hessian_power / 2), epsilon = T(h.epsilon),
                  shrink = T(1 - rate * h.weight_decay),
                  rate = T(rate / (1 - std::pow(h.beta1, static_cast<double>(step_)))),
                  correction = T(1 / (1 - std::pow(h.beta2, static_cast<double>(estimates_))))](T& x, T g, T& m, T& v) {
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
  RandomStream stream_;
  Tensor first_moment_, second_moment_, probe_, diagonal_;
  std::int64_t step_ = 0, estimates_ = 0;
};

}  // namespace

std::unique_ptr<Optimizer> make(const AdaHessian& method, const RandomStream& stream) {
  return std::make_unique<AdaHessianSteps>(method, stream);
}

}  // namespace gradus::optim
