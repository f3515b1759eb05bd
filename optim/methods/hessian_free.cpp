// The loss is that of the batch of the gradient throughout: for the choice of the iterate, the reduction ratio and the
// line search. Curvature may be of another batch, which the objective then knows. The reduction ratio is of the model
// without damping, and of the whole step, before the line search. A refused step is followed by one from zero with more
// damping, until one succeeds or what the model promises is less than the loss's rounding: that alone is the end.
#include "optim/methods/hessian_free.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "autodiff/tensor/vectors.h"
#include "optim/solvers/martens_cg.h"
#include "optim/solvers/step.h"
#include "optim/typed.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

constexpr double smallest_damping = 1e-20;

class HessianFreeSteps final : public OptimizerOf<HessianFree> {
 public:
  explicit HessianFreeSteps(const HessianFree& method)
      : OptimizerOf(method), preconditioned_(method.preconditioner == HessianFree::Preconditioner::empirical_fisher) {}

  void check(const Objective& objective) override {
    matrix(objective);
    if (preconditioned_) require(objective, &Curvature::gradient_squares, "hessian_free with empirical_fisher");
    if (h.structural_damping > 0) require(objective, &Curvature::structural, "hessian_free with structural_damping");
  }
  StepReport step(Objective& objective, const Tensor& theta) override {
    check(objective);
    ensure_state(direction_, theta);
    if (step_++ == 0) damping_ = h.initial_damping;
    vectors::like(trial_, theta);
    StepReport report;
    report.damping = damping_;
    if (!open_step(objective, theta, 0, gradient_, report)) return report;
    MartensCg::Result solved = solve(objective, vectors::norm(direction_) > 0);
    // An early stop may leave a warm start that still leads uphill; from zero every iterate leads downhill.
    if (solved.reason != Reason::not_finite && slope_of(cg_.iterates().back()) >= 0) {
      const std::int64_t spent = solved.iterations;
      solved = solve(objective, false);
      solved.iterations += spent;
    }
    report.inner_iterations = solved.iterations;
    report.inner_reason = solved.reason;
    if (solved.reason == Reason::not_finite) {
      report.reason = Reason::not_finite;
      reject(objective, theta);
      return report;
    }
    direction_.copy_from(cg_.iterates().back().x);
    take_step(objective, theta, report);
    return report;
  }

  void visit(StateVisitor& visitor) override {
    visitor.tensor("direction", direction_);
    visitor.number("damping", damping_);
    visitor.counter("step", step_);
  }

 private:
  const LinearOperator& matrix(const Objective& objective) const {
    return require(objective,
                   h.curvature == HessianFree::Matrix::hessian ? &Curvature::hessian : &Curvature::gauss_newton,
                   "hessian_free");
  }
  double slope_of(const MartensCg::Iterate& iterate) const { return vectors::dot(gradient_, iterate.x); }

  MartensCg::Result solve(Objective& objective, bool warm) {
    if (preconditioned_) {
      try {
        objective.curvature()->gradient_squares(vectors::like(preconditioner_, gradient_));
      } catch (const std::invalid_argument& error) {  // a model whose rows are no examples
        throw std::invalid_argument(
            fmt::format("hessian_free: preconditioner empirical_fisher: {}; with preconditioner none there is no need",
                        error.what()));
      }
      with_floating(preconditioner_.dtype(), [&]<class T>(T) {
        for (T& m : preconditioner_.elements<T>())
          m = T(std::max(std::pow(static_cast<double>(m) + damping_, HessianFree::preconditioner_exponent), 1e-30));
      });
    }
    if (warm) vectors::scale(h.momentum, direction_, direction_);
    const double structural = damping_ * h.structural_damping;
    const Curvature& curvature = *objective.curvature();
    const LinearOperator b{gradient_.size(), gradient_.dtype(), [&](const Tensor& v, const Tensor& out) {
                             multiply(matrix(objective), v, out);
                             vectors::axpy(damping_, v, out);
                             if (!(structural > 0)) return;
                             multiply(curvature.structural, v, vectors::like(structural_product_, v));
                             vectors::axpy(structural, structural_product_, out);
                           }};
    return cg_.minimize(b, gradient_, warm ? direction_ : Tensor(), preconditioned_ ? preconditioner_ : Tensor(),
                        {h.max_iterations, h.tolerance});
  }

  double value_at(Objective& objective, const Tensor& theta, double length, const Tensor& d) {
    vectors::add_scaled(theta, length, d, trial_);
    objective.move_to(trial_);
    return objective.value();
  }

  void take_step(Objective& objective, const Tensor& theta, StepReport& report) {
    const auto iterates = cg_.iterates();
    std::size_t chosen = iterates.size();
    double value = 0;
    Trials trials;
    for (std::size_t i = iterates.size(); i-- > 0;) {
      if (!(slope_of(iterates[i]) < 0)) continue;  // from a warm start, the early ones may lead uphill
      const double earlier = value_at(objective, theta, 1, iterates[i].x);
      trials.saw(std::isfinite(earlier));
      if (chosen < iterates.size() && !(earlier < value) && std::isfinite(value)) break;
      value = earlier;
      chosen = i;
    }
    if (chosen == iterates.size()) {  // not even from zero: the gradient is lost in the rounding of the product
      report.reason = Reason::no_progress;
      reject(objective, theta);
      return;
    }
    const Tensor& d = iterates[chosen].x;
    const double length = vectors::norm(d), slope = slope_of(iterates[chosen]);
    // What the model says of the whole step, without damping.
    double model = iterates[chosen].model - damping_ * length * length / 2;
    if (h.structural_damping > 0) {
      objective.move_to(theta);
      multiply(objective.curvature()->structural, d, structural_product_);
      model -= damping_ * h.structural_damping * vectors::dot(d, structural_product_) / 2;
    }
    report.reduction_ratio = (value - report.loss) / model;
    vectors::add_scaled(theta, 1, d, trial_);
    const double promised = std::max(-model, -slope);
    const bool lost = vectors::same(theta, trial_) || promised <= vectors::rounding(report.loss, theta.dtype());

    double along = 1;
    constexpr int max_halvings = 60;
    int tries = 0;
    const auto enough = [&] { return value <= report.loss + HessianFree::sufficient_decrease * along * slope; };
    while (!enough() && tries++ < max_halvings) {
      along *= HessianFree::shrink;
      value = value_at(objective, theta, along, d);
      trials.saw(std::isfinite(value));
    }
    if (!(enough() && value < report.loss)) {
      damping_ *= h.damping_factor;
      report.reason = lost ? trials.failure() : Reason::refused;
      report.step_length = 0;
      reject(objective, theta);
      return;
    }
    if (!(report.reduction_ratio >= 0.25)) damping_ *= h.damping_factor;
    if (report.reduction_ratio > 0.75) damping_ = std::max(damping_ / h.damping_factor, smallest_damping);
    vectors::add_scaled(theta, along, d, theta);
    report.step_length = along;
    report.step_norm = along * length;
    report.reason = report.inner_reason == Reason::negative_curvature && chosen + 1 == iterates.size()
                        ? Reason::negative_curvature
                        : Reason::stepped;
  }

  void reject(Objective& objective, const Tensor& theta) {
    direction_.fill(0);
    objective.move_to(theta);
  }

  bool preconditioned_;
  Tensor direction_;  // the last iterate of CG, from which the next one starts
  double damping_ = 0;
  std::int64_t step_ = 0;
  MartensCg cg_;
  Tensor gradient_, trial_, preconditioner_, structural_product_;
};

}  // namespace

std::unique_ptr<Optimizer> make(const HessianFree& method, const RandomStream&) {
  return std::make_unique<HessianFreeSteps>(method);
}

}  // namespace gradus::optim
