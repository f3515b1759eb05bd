// rescaling = quadratic_model: the a and m of section 7 minimise the model over the span of Delta and the step before,
// with F by Gauss-Newton products; every adaptation_interval steps the damping follows the reduction ratio
// (section 6.5). dW is [inputs (+ 1 for the bias), outputs].
#include "optim/methods/kfac.h"

#include <cmath>

#include "autodiff/tensor/random.h"
#include "autodiff/tensor/vectors.h"
#include "optim/solvers/kronecker_inverse.h"
#include "optim/solvers/step.h"
#include "optim/typed.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class KfacSteps final : public OptimizerOf<Kfac> {
 public:
  KfacSteps(const Kfac& method, const RandomStream& stream)
      : OptimizerOf(method), is_quadratic_(method.rescaling == Kfac::Rescaling::quadratic_model), stream_(stream) {}

  void check(const Objective& objective) override {
    require(objective, &Curvature::kronecker_factors, "kfac");
    if (is_quadratic_) require(objective, &Curvature::gauss_newton, "kfac with quadratic_model");
  }
  StepReport step(Objective& objective, const Tensor& theta) override {
    check(objective);
    ensure_state(velocity_, theta);
    for (Tensor* vector : {&direction_, &candidate_}) vectors::like(*vector, theta);
    if (step_ == 0) damping_ = h.initial_damping;

    StepReport report;
    report.damping = damping_;
    // A gradient of 0 is a step like others: the momentum goes on.
    constexpr double no_tolerance = -1;
    if (!open_step(objective, theta, no_tolerance, gradient_, report)) return report;
    report.reason = Reason::not_finite;
    if (step_ % h.factor_interval == 0 && !update_factors(objective)) return report;
    if ((step_ % h.inverse_interval == 0 || !curvature_.has_inverse()) && !curvature_.invert(std::sqrt(damping_))) {
      report.reason = Reason::no_progress;
      return report;
    }

    curvature_.times(objective.slices(), gradient_, direction_);
    vectors::scale(-1, direction_, direction_);
    const double model = is_quadratic_ ? step_of_model(objective, report) : clipped_step(report);
    curvature_.for_each_other(objective.slices(), [&](const ParameterSlice& slice) {
      update_each(
          slice.of(candidate_), slice.of(gradient_),
          [&]<class T>(T) {
            return [momentum = T(h.momentum), rate = T(h.plain_learning_rate)](T& d, T g, T& v) {
              d = momentum * v - rate * g;
            };
          },
          slice.of(velocity_));
    });
    report.step_norm = vectors::norm(candidate_);
    if (!std::isfinite(report.step_norm)) return report;

    vectors::add_scaled(theta, 1, candidate_, direction_);  // the new point
    const bool adapts = is_quadratic_ && h.adaptation_interval > 0 && (step_ + 1) % h.adaptation_interval == 0;
    if (adapts) {
      objective.move_to(direction_);
      const double value = objective.value();
      objective.move_to(theta);
      report.reduction_ratio = (value - report.loss) / model;
      const double factor = std::pow(0.95, static_cast<double>(h.adaptation_interval));
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
    curvature_.update(blocks_, std::min(1 - 1 / static_cast<double>(factor_updates_), h.factor_decay));
    return true;
  }

  // The candidate step that minimises the model over the span of direction and velocity; returns the model's value
  // there.
  double step_of_model(Objective& objective, StepReport& report) {
    for (Tensor* vector : {&product_, &previous_, &previous_product_}) vectors::like(*vector, gradient_);
    previous_.copy_from(velocity_);
    curvature_.for_each_other(objective.slices(), [&](const ParameterSlice& slice) { slice.of(previous_).fill(0); });
    const LinearOperator fisher = damped(objective.curvature()->gauss_newton, damping_);
    multiply(fisher, direction_, product_);
    const double a = vectors::dot(direction_, product_), slope = vectors::dot(gradient_, direction_);
    double along = a > 0 ? -slope / a : 0, kept = 0;
    if (h.momentum > 0 && vectors::norm(previous_) > 0) {
      multiply(fisher, previous_, previous_product_);
      const double b = vectors::dot(previous_, product_), c = vectors::dot(previous_, previous_product_);
      const double before = vectors::dot(gradient_, previous_), determinant = a * c - b * b;
      if (determinant > 1e-6 * a * c) {  // otherwise the two are hardly different
        along = (b * before - c * slope) / determinant;
        kept = (b * slope - a * before) / determinant;
      }
    }
    const double rate = h.learning_rate;
    vectors::scale(rate * along, direction_, candidate_);
    vectors::axpy(rate * kept, previous_, candidate_);
    report.step_length = rate * along;
    // At its minimum the model is half its linear term; along the line through it, by 1 - (1 - rate)^2 of that.
    const double linear = vectors::dot(gradient_, candidate_);
    return linear - rate * linear / 2;
  }

  double clipped_step(StepReport& report) {
    const double rate = h.learning_rate, decrease = std::abs(vectors::dot(gradient_, direction_));
    const double factor = decrease > 0 ? std::min(1.0, std::sqrt(h.kl_bound / (rate * rate * decrease))) : 1;
    vectors::scale(rate * factor, direction_, candidate_);
    vectors::axpy(h.momentum, velocity_, candidate_);
    report.step_length = rate * factor;
    return StepReport::none;
  }

  bool is_quadratic_;
  RandomStream stream_;
  KroneckerInverse curvature_;
  Tensor velocity_;  // the last step
  double damping_ = 0;
  std::int64_t factor_updates_ = 0, step_ = 0;
  std::vector<KroneckerBlock> blocks_;
  Tensor gradient_, direction_, candidate_, product_, previous_, previous_product_;
};

}  // namespace

std::unique_ptr<Optimizer> make(const Kfac& method, const RandomStream& stream) {
  return std::make_unique<KfacSteps>(method, stream);
}

}  // namespace gradus::optim
