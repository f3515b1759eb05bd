// Sophia. Liu, Li, Hall, Liang & Ma (2024), Algorithms 1 to 3.
//   every update_interval steps: h <- beta2 h + (1 - beta2) h^, with an estimate of the curvature's diagonal
//     hutchinson: h^ = z * (H z), z of random signs;  gauss_newton_bartlett: h^ = B g^ * g^, g^ the mean gradient over
//     B examples for labels that the model draws
//   m <- beta1 m + (1 - beta1) g
//   theta <- (1 - learning_rate weight_decay) theta - learning_rate clip(m / max(gamma h, epsilon), clip)
#include <cmath>

#include "autodiff/curvature/probe.h"
#include "autodiff/tensor/vectors.h"
#include "optim/first_order.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class Sophia final : public Optimizer {
 public:
  explicit Sophia(const Settings& s)
      : learning_rate_(s["learning_rate"]),
        beta1_(s["beta1"]),
        beta2_(s["beta2"]),
        gamma_(s["gamma"]),
        epsilon_(s["epsilon"]),
        clip_(s["clip"]),
        weight_decay_(s["weight_decay"]),
        hutchinson_(s.choice("estimator") == "hutchinson"),
        interval_(s.count("update_interval")),
        stream_(s.stream) {}

  void check(const Objective& objective) override {
    if (hutchinson_)
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
    const bool estimates = step_ % interval_ == 0;
    if (estimates) estimate(objective);
    if (estimates && !vectors::is_finite(estimate_)) {
      report.reason = Reason::not_finite;
      return report;
    }
    ++step_;
    if (estimates)
      update_each(curvature_, estimate_, [this]<class T>(T) {
        return [beta2 = static_cast<T>(beta2_)](T& h, T e) { h += (1 - beta2) * (e - h); };
      });
    update_each(
        theta, gradient,
        [this]<class T>(T) {
          const double rate = learning_rate_;
          return [beta1 = static_cast<T>(beta1_), gamma = static_cast<T>(gamma_), epsilon = static_cast<T>(epsilon_),
                  clip = static_cast<T>(clip_), rate = static_cast<T>(rate),
                  shrink = static_cast<T>(1 - rate * weight_decay_)](T& x, T g, T& m, T& h) {
            m += (1 - beta1) * (g - m);
            const T scaled = gamma * h, ratio = m / (scaled > epsilon ? scaled : epsilon);
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
    if (hutchinson_) {
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
      for (T& e : estimate_.elements<T>()) e = static_cast<T>(examples) * e * e;
    });
  }

  Setting learning_rate_, beta1_, beta2_, gamma_, epsilon_, clip_, weight_decay_;
  bool hutchinson_;
  std::int64_t interval_;
  RandomStream stream_;
  Tensor first_moment_, curvature_, estimate_, probe_;
  std::int64_t step_ = 0;
};

}  // namespace

Method sophia_method() {
  return {"sophia",
          "Liu et al. (2024), Algorithm 3",
          {positive("learning_rate", 1e-3, "step size"), decay("beta1", 0.96, "decay of the first moment"),
           decay("beta2", 0.99, "decay of the diagonal's mean"),
           positive("gamma", 0.05, "factor of the diagonal (rho in earlier versions of the paper); smaller clips more"),
           positive("epsilon", 1e-12, "the least value of gamma times the diagonal"),
           positive("clip", 1, "the largest element of the preconditioned moment"),
           non_negative("weight_decay", 0, "decoupled: theta shrinks by learning_rate * weight_decay a step"),
           choice("estimator", "gauss_newton_bartlett", {"hutchinson", "gauss_newton_bartlett"}, "of the diagonal"),
           count("update_interval", 10, 1, "steps from one estimate of the diagonal to the next")},
          [](const Settings& s) { return std::make_unique<Sophia>(s); },
          Family::curvature,
          "every update_interval steps: h <- beta2 h + (1 - beta2) h^\n"
          "hutchinson: h^ = z * (H z), z of random signs;  gauss_newton_bartlett: h^ = B g^ * g^ of B drawn labels\n"
          "m <- beta1 m + (1 - beta1) g\n"
          "theta <- (1 - learning_rate weight_decay) theta - learning_rate clip(m / max(gamma h, epsilon), clip)",
          "As in the paper, neither m nor h is corrected for its start at zero. Optax corrects m, and an estimate of h "
          "counts from the step after.",
          false,
          {drawn_from_stream("probe_seed")}};
}

}  // namespace gradus::optim
