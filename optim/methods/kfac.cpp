// K-FAC. Martens & Grosse (2015); convolutions: Grosse & Martens (2016); clipping: Ba, Grosse & Martens (2017),
// section 5.
//   A_l <- c A_l + (1 - c) mean a a^T
//   G_l <- c G_l + (1 - c) mean g g^T for drawn labels,  c = min(1 - 1 / k, factor_decay)
//   Delta_l = -(A_l + pi_l sqrt(damping) I)^-1 dW_l (G_l + sqrt(damping) / pi_l I)^-1
// rescaling = quadratic_model:
//   theta <- theta + learning_rate (a Delta + m delta), delta the step before, with the a and m that minimise
//   g^T d + d^T (F + damping I) d / 2 over d = a Delta + m delta (section 7), F by Gauss-Newton products; m is 0 where
//   momentum is 0. Every adaptation_interval steps damping follows the reduction ratio (section 6.5).
// rescaling = kl_clip:
//   delta <- momentum delta + learning_rate n Delta,  n = min(1, sqrt(kl_bound / (learning_rate^2 |g^T Delta|)))
// Parameters that belong to no dense layer or convolution, such as those of normalisations and embeddings:
//   delta <- momentum delta - plain_learning_rate g
// dW is [inputs (+ 1 for the bias), outputs]. The factored damping is sqrt(damping) where the paper also tries its
// neighbours.
#include <cmath>

#include "autodiff/tensor/random.h"
#include "autodiff/tensor/vectors.h"
#include "optim/optimizer.h"
#include "optim/solvers/kronecker_inverse.h"
#include "optim/solvers/step.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class Kfac final : public Optimizer {
 public:
  explicit Kfac(const Settings& s)
      : learning_rate_(s["learning_rate"]),
        momentum_(s["momentum"]),
        initial_damping_(s["initial_damping"]),
        factor_decay_(s["factor_decay"]),
        kl_bound_(s["kl_bound"]),
        plain_learning_rate_(s["plain_learning_rate"]),
        quadratic_(s.choice("rescaling") == "quadratic_model"),
        factor_interval_(s.count("factor_interval")),
        inverse_interval_(s.count("inverse_interval")),
        adaptation_interval_(s.count("adaptation_interval")),
        stream_(s.stream) {}

  void check(const Objective& objective) override {
    require(objective, &Curvature::kronecker_factors, "kfac");
    if (quadratic_) require(objective, &Curvature::gauss_newton, "kfac with quadratic_model");
  }
  StepReport step(Objective& objective, const Tensor& theta) override {
    check(objective);
    ensure_state(velocity_, theta);
    for (Tensor* vector : {&direction_, &candidate_}) vectors::like(*vector, theta);
    if (step_ == 0) damping_ = initial_damping_;

    StepReport report;
    report.damping = damping_;
    // A gradient of 0 is a step like others: the momentum goes on.
    constexpr double no_tolerance = -1;
    if (!open_step(objective, theta, no_tolerance, gradient_, report)) return report;
    report.reason = Reason::not_finite;
    if (step_ % factor_interval_ == 0 && !update_factors(objective)) return report;
    if ((step_ % inverse_interval_ == 0 || !curvature_.has_inverse()) && !curvature_.invert(std::sqrt(damping_))) {
      report.reason = Reason::no_progress;
      return report;
    }

    curvature_.times(objective.slices(), gradient_, direction_);
    vectors::scale(-1, direction_, direction_);
    const double model = quadratic_ ? step_of_model(objective, report) : clipped_step(report);
    curvature_.for_each_other(objective.slices(), [&](const Slice& slice) {
      update_each(
          slice.of(candidate_), slice.of(gradient_),
          [&]<class T>(T) {
            return [momentum = static_cast<T>(momentum_), rate = static_cast<T>(plain_learning_rate_)](
                       T& d, T g, T& v) { d = momentum * v - rate * g; };
          },
          slice.of(velocity_));
    });
    report.step_norm = vectors::norm(candidate_);
    if (!std::isfinite(report.step_norm)) return report;

    vectors::add_scaled(theta, 1, candidate_, direction_);  // the new point
    const bool adapts = quadratic_ && adaptation_interval_ > 0 && (step_ + 1) % adaptation_interval_ == 0;
    if (adapts) {
      objective.move_to(direction_);
      const double value = objective.value();
      objective.move_to(theta);
      report.reduction_ratio = (value - report.loss) / model;
      const double factor = std::pow(0.95, static_cast<double>(adaptation_interval_));
      if (report.reduction_ratio > 0.75) damping_ *= factor;
      if (!(report.reduction_ratio >= 0.25)) damping_ /= factor;
      if (!std::isfinite(value)) {
        velocity_.fill(0);
        report.step_norm = 0;
        report.reason = Reason::refused;  // the damping has grown
        ++step_;
        return report;
      }
    }
    if (!vectors::is_finite(direction_)) return report;
    ++step_;
    velocity_.copy_from(candidate_);
    theta.copy_from(direction_);
    report.reason = Reason::stepped;
    return report;
  }

  void visit(StateVisitor& visitor) override {
    curvature_.visit(visitor);
    visitor.tensor("velocity", velocity_);
    visitor.number("damping", damping_);
    visitor.counter("factor_updates", factor_updates_);
    visitor.counter("step", step_);
  }

 private:
  bool update_factors(Objective& objective) {
    objective.curvature()->kronecker_factors(stream_.child("kfac", static_cast<std::uint64_t>(step_)).bits(), blocks_);
    for (const KroneckerBlock& block : blocks_)
      if (!vectors::is_finite(block.inputs) || !vectors::is_finite(block.outputs)) return false;
    ++factor_updates_;
    curvature_.update(blocks_, std::min(1 - 1 / static_cast<double>(factor_updates_), double{factor_decay_}));
    return true;
  }

  // The candidate step that minimises the model over the span of direction and velocity; returns the model's value
  // there.
  double step_of_model(Objective& objective, StepReport& report) {
    for (Tensor* vector : {&product_, &previous_, &previous_product_}) vectors::like(*vector, gradient_);
    previous_.copy_from(velocity_);
    curvature_.for_each_other(objective.slices(), [&](const Slice& slice) { slice.of(previous_).fill(0); });
    const LinearOperator fisher = damped(objective.curvature()->gauss_newton, damping_);
    multiply(fisher, direction_, product_);
    const double a = vectors::dot(direction_, product_), slope = vectors::dot(gradient_, direction_);
    double along = a > 0 ? -slope / a : 0, kept = 0;
    if (momentum_ > 0 && vectors::norm(previous_) > 0) {
      multiply(fisher, previous_, previous_product_);
      const double b = vectors::dot(previous_, product_), c = vectors::dot(previous_, previous_product_);
      const double before = vectors::dot(gradient_, previous_), determinant = a * c - b * b;
      if (determinant > 1e-6 * a * c) {  // otherwise the two are hardly different
        along = (b * before - c * slope) / determinant;
        kept = (b * slope - a * before) / determinant;
      }
    }
    const double rate = learning_rate_;
    vectors::scale(rate * along, direction_, candidate_);
    vectors::axpy(rate * kept, previous_, candidate_);
    report.step_length = rate * along;
    // At its minimum the model is half its linear term; along the line through it, by 1 - (1 - rate)^2 of that.
    const double linear = vectors::dot(gradient_, candidate_);
    return linear - rate * linear / 2;
  }

  double clipped_step(StepReport& report) {
    const double rate = learning_rate_, decrease = std::abs(vectors::dot(gradient_, direction_));
    const double factor = decrease > 0 ? std::min(1.0, std::sqrt(kl_bound_ / (rate * rate * decrease))) : 1;
    vectors::scale(rate * factor, direction_, candidate_);
    vectors::axpy(momentum_, velocity_, candidate_);
    report.step_length = rate * factor;
    return StepReport::none;
  }

  Setting learning_rate_, momentum_, initial_damping_, factor_decay_, kl_bound_, plain_learning_rate_;
  bool quadratic_;
  std::int64_t factor_interval_, inverse_interval_, adaptation_interval_;
  RandomStream stream_;
  KroneckerInverse curvature_;
  Tensor velocity_;  // the last step
  double damping_ = 0;
  std::int64_t factor_updates_ = 0, step_ = 0;
  std::vector<KroneckerBlock> blocks_;
  Tensor gradient_, direction_, candidate_, product_, previous_, previous_product_;
};

}  // namespace

Method kfac_method() {
  return {"kfac",
          "Martens & Grosse (2015); Grosse & Martens (2016)",
          {positive("learning_rate", 1, "factor of the step"),
           decay("momentum", 0.9,
                 "share of the step before; with quadratic_model, 0 leaves it out and the model chooses otherwise"),
           positive("initial_damping", 0.1, "weight of the identity at the first step; lambda"),
           decay("factor_decay", 0.95, "decay of the factors' moving averages"),
           choice("rescaling", "quadratic_model", {"quadratic_model", "kl_clip"}, "how long a step is"),
           positive("kl_bound", 1e-3, "of the step's squared length in the factored metric, with kl_clip"),
           positive("plain_learning_rate", 0.01, "of parameters that belong to no dense layer or convolution"),
           count("factor_interval", 1, 1, "steps from one estimate of the factors to the next"),
           count("inverse_interval", 20, 1, "steps from one inversion to the next"),
           count("adaptation_interval", 5, 0,
                 "steps from one change of the damping to the next, with quadratic_model; 0: never")},
          [](const Settings& s) { return std::make_unique<Kfac>(s); },
          Family::curvature,
          R"(A <- c A + (1 - c) mean a a^T
G <- c G + (1 - c) mean g g^T for drawn labels;  c = min(1 - 1 / k, factor_decay)
Delta = -(A + pi sqrt(lambda) I)^-1 dW (G + sqrt(lambda) / pi I)^-1
quadratic_model: delta <- learning_rate (a Delta + m delta), a and m minimising g^T d + d^T (F + lambda I) d / 2
kl_clip: delta <- momentum delta + learning_rate min(1, sqrt(kl_bound / (learning_rate^2 |g^T Delta|))) Delta
theta <- theta + delta;  other parameters: delta <- momentum delta - plain_learning_rate g)",
          "The factored damping is sqrt(lambda), which the paper begins with; it then also tries neighbours of it. Two "
          "programs for PyTorch clip as kl_clip does: kfac-pytorch (gpauloski) with the given labels in place of drawn "
          "ones, KFAC-Pytorch (alecwangcq) with drawn ones.",
          false,
          {drawn_from_stream("label_seed")}};
}

}  // namespace gradus::optim
