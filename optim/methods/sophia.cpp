#include "optim/methods/sophia.h"

#include "autodiff/tensor/probe.h"
#include "autodiff/tensor/vectors.h"
#include "optim/typed.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class SophiaSteps final : public OptimizerOf<Sophia> {
 public:
  SophiaSteps(const Sophia& method, const RandomStream& stream)
      : OptimizerOf(method), is_hutchinson_(method.estimator == Sophia::Estimator::hutchinson), stream_(stream) {}

  void check(const Objective& objective) override {
    if (is_hutchinson_)
      require(objective, &Curvature::hessian, "sophia");
    else
      require(objective, &Curvature::sampled_gradient, "sophia");
  }
  StepReport step(Objective& objective, const Tensor& theta) override {
    check(objective);
    ensure_state(first_moment_, theta);
    ensure_state(curvature_, theta);
    vectors::like(estimate_, theta);
    StepReport report;
    if (!begin_step(objective, theta, report)) return report;
    const Tensor& gradient = objective.gradient();
    report.gradient_norm = vectors::norm(gradient);
    const bool estimates = step_ % h.update_interval == 0;
    if (estimates) estimate(objective);
    if (estimates && !vectors::is_finite(estimate_)) {
      report.reason = Reason::not_finite;
      return report;
    }
    ++step_;
    if (estimates)
      update_each(curvature_, estimate_, [this]<class T>(T) {
        return [beta2 = T(h.beta2)](T& mean, T e) { mean += (1 - beta2) * (e - mean); };
      });
    update_each(
        theta, gradient,
        [this]<class T>(T) {
          const double rate = h.learning_rate;
          return [beta1 = T(h.beta1), gamma = T(h.gamma), epsilon = T(h.epsilon), clip = T(h.clip), rate = T(rate),
                  shrink = T(1 - rate * h.weight_decay)](T& x, T g, T& m, T& diagonal) {
            m += (1 - beta1) * (g - m);
            const T scaled = gamma * diagonal, ratio = m / (scaled > epsilon ? scaled : epsilon);
            x = x * shrink - rate * (ratio > clip ? clip : ratio < -clip ? -clip : ratio);
          };
        },
        first_moment_, curvature_);
    return report;
  }

  void visit(StateVisitor& visitor) override {
    visitor.tensor("first_moment", first_moment_);
    visitor.tensor("curvature", curvature_);
    visitor.counter("step", step_);
  }

 private:
  void estimate(Objective& objective) {
    const auto number = static_cast<std::uint64_t>(step_);
    if (is_hutchinson_) {
      RandomStream random = stream_.child("sophia", number);
      draw(Probe::rademacher, random, vectors::like(probe_, estimate_));
      multiply(objective.curvature()->hessian, probe_, estimate_);
      vectors::multiply(probe_, estimate_, estimate_);
      return;
    }
    const std::int64_t before = objective.costs().examples;
    objective.curvature()->sampled_gradient(stream_.child("sophia", number).bits(), estimate_);
    const auto examples = static_cast<double>(objective.costs().examples - before);
    with_floating(estimate_.dtype(), [&]<class T>(T) {
      for (T& e : estimate_.elements<T>()) e = T(examples) * e * e;
    });
  }

  bool is_hutchinson_;
  RandomStream stream_;
  Tensor first_moment_, curvature_, estimate_, probe_;
  std::int64_t step_ = 0;
};

}  // namespace

std::unique_ptr<Optimizer> make(const Sophia& method, const RandomStream& stream) {
  return std::make_unique<SophiaSteps>(method, stream);
}

}  // namespace gradus::optim
