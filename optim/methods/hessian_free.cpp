// Hessian-free optimisation. Martens (2010), algorithm 2; Martens & Sutskever (2012).
//   B = G + lambda I + lambda structural_damping S, with G the Gauss-Newton matrix or the Hessian, and S = J^T J / n of
//       the hidden states
//   d <- argmin of g^T d + d^T B d / 2 by conjugate gradients, from momentum d of the step before
//   of the iterates of CG that lead downhill, the earliest after which the loss does not fall any more; then a line
//       search backwards from 1
//   lambda <- lambda / damping_factor where the reduction ratio is above 3/4
//   lambda <- lambda damping_factor where it is below 1/4 or the step is refused
// The loss is that of the batch of the gradient throughout: for the choice of the iterate, the reduction ratio and the
// line search. Curvature may be of another batch, which the objective then knows. The reduction ratio is of the model
// without damping, and of the whole step, before the line search. A refused step is followed by one from zero with more
// damping, until one succeeds or what the model promises is less than the loss's rounding: that alone is the end.
#include <algorithm>
#include <cmath>

#include "autodiff/tensor/vectors.h"
#include "optim/optimizer.h"
#include "optim/solvers/martens_cg.h"
#include "optim/solvers/step.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

constexpr double smallest_damping = 1e-20;
// Martens (2010), section 4.7, chose the exponent by trial; the line search hardly ever takes a second trial.
constexpr double preconditioner_exponent = 0.75, sufficient_decrease = 0.01, shrink = 0.8;

class HessianFree final : public Optimizer {
 public:
  explicit HessianFree(const Settings& s)
      : hessian_(s.choice("curvature") == "hessian"),
        preconditioned_(s.choice("preconditioner") == "empirical_fisher"),
        initial_damping_(s["initial_damping"]),
        damping_factor_(s["damping_factor"]),
        structural_damping_(s["structural_damping"]),
        momentum_(s["momentum"]),
        tolerance_(s["tolerance"]),
        max_iterations_(s.count("max_iterations")) {}

  void check(const Objective& objective) override {
    matrix(objective);
    if (preconditioned_) require(objective, &Curvature::gradient_squares, "hessian_free with empirical_fisher");
    if (structural_damping_ > 0) require(objective, &Curvature::structural, "hessian_free with structural_damping");
  }
  StepReport step(Objective& objective, const Tensor& theta) override {
    check(objective);
    ensure_state(direction_, theta);
    if (step_++ == 0) damping_ = initial_damping_;
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
    return require(objective, hessian_ ? &Curvature::hessian : &Curvature::gauss_newton, "hessian_free");
  }
  double slope_of(const MartensCg::Iterate& iterate) const { return vectors::dot(gradient_, iterate.x); }

  MartensCg::Result solve(Objective& objective, bool warm) {
    if (preconditioned_) {
      objective.curvature()->gradient_squares(vectors::like(preconditioner_, gradient_));
      with_floating(preconditioner_.dtype(), [&]<class T>(T) {
        for (T& m : preconditioner_.elements<T>())
          m = static_cast<T>(std::max(std::pow(static_cast<double>(m) + damping_, preconditioner_exponent), 1e-30));
      });
    }
    if (warm) vectors::scale(momentum_, direction_, direction_);
    const double structural = damping_ * structural_damping_;
    const Curvature& curvature = *objective.curvature();
    const LinearOperator b{gradient_.size(), gradient_.dtype(), [&](const Tensor& v, const Tensor& out) {
                             multiply(matrix(objective), v, out);
                             vectors::axpy(damping_, v, out);
                             if (!(structural > 0)) return;
                             multiply(curvature.structural, v, vectors::like(structural_product_, v));
                             vectors::axpy(structural, structural_product_, out);
                           }};
    return cg_.minimize(b, gradient_, warm ? direction_ : Tensor(), preconditioned_ ? preconditioner_ : Tensor(),
                        {max_iterations_, tolerance_});
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
    if (structural_damping_ > 0) {
      objective.move_to(theta);
      multiply(objective.curvature()->structural, d, structural_product_);
      model -= damping_ * structural_damping_ * vectors::dot(d, structural_product_) / 2;
    }
    report.reduction_ratio = (value - report.loss) / model;
    vectors::add_scaled(theta, 1, d, trial_);
    const double promised = std::max(-model, -slope);
    const bool lost = vectors::same(theta, trial_) || promised <= vectors::rounding(report.loss, theta.dtype());

    double along = 1;
    constexpr int max_halvings = 60;
    int tries = 0;
    const auto enough = [&] { return value <= report.loss + sufficient_decrease * along * slope; };
    while (!enough() && tries++ < max_halvings) {
      along *= shrink;
      value = value_at(objective, theta, along, d);
      trials.saw(std::isfinite(value));
    }
    if (!(enough() && value < report.loss)) {
      damping_ *= damping_factor_;
      report.reason = lost ? trials.failure() : Reason::refused;
      report.step_length = 0;
      reject(objective, theta);
      return;
    }
    if (!(report.reduction_ratio >= 0.25)) damping_ *= damping_factor_;
    if (report.reduction_ratio > 0.75) damping_ = std::max(damping_ / damping_factor_, smallest_damping);
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

  bool hessian_, preconditioned_;
  Setting initial_damping_, damping_factor_, structural_damping_, momentum_, tolerance_;
  std::int64_t max_iterations_;
  Tensor direction_;  // the last iterate of CG, from which the next one starts
  double damping_ = 0;
  std::int64_t step_ = 0;
  MartensCg cg_;
  Tensor gradient_, trial_, preconditioner_, structural_product_;
};

}  // namespace

Method hessian_free_method() {
  return {
      "hessian_free",
      "Martens (2010), Algorithm 2; Martens & Sutskever (2012)",
      {choice("curvature", "gauss_newton", {"gauss_newton", "hessian"}, "the matrix of the model"),
       positive("initial_damping", 1, "weight of the identity at the first step; lambda"),
       {"damping_factor", 1.5, 1, std::numeric_limits<double>::infinity(), true,
        "by which the damping changes after a step whose reduction ratio is below 1/4 or above 3/4"},
       non_negative("structural_damping", 0, "weight of J^T J of the hidden states relative to the damping; 0: off"),
       decay("momentum", 0.95, "share of the last solution from which conjugate gradients start"),
       choice("preconditioner", "empirical_fisher", {"none", "empirical_fisher"}, "of conjugate gradients"),
       count("max_iterations", 250, 1, "of conjugate gradients in a step"),
       positive("tolerance", 5e-4, "relative progress of the model an iteration below which it ends")},
      [](const Settings& s) { return std::make_unique<HessianFree>(s); },
      Family::curvature,
      R"(B = G + lambda I + lambda structural_damping S
d <- the minimum of g^T d + d^T B d / 2 by preconditioned conjugate gradients, from momentum d
d <- the earliest kept downhill iterate after which the loss does not fall
rho = (f(theta + d) - f(theta)) / (g^T d + d^T G d / 2)
theta <- theta + a d, a <- 0.8 a from 1 until f falls by 0.01 a |g^T d|
lambda <- lambda damping_factor if rho < 1/4 or the step is refused, lambda / damping_factor if rho > 3/4)",
      "The loss is always that of the gradient's batch, also where curvature is of another one; Martens' program "
      "takes the curvature's batch for the reduction ratio rho.",
      true,
      {fixed_at("preconditioner_exponent", preconditioner_exponent),
       fixed_at("sufficient_decrease", sufficient_decrease), fixed_at("shrink", shrink)}};
}

}  // namespace gradus::optim
