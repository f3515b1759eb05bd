// Newton-CG, truncated Newton: a step minimises the model g.p + p.H p / 2 by conjugate gradients, as accurately as it
// pays. Dembo & Steihaug (1983); Nocedal & Wright (2006), chapters 7.1 and 4; GLTR: Gould, Lucidi, Roma & Toint (1999).
#include <algorithm>
#include <cmath>

#include "optim/curvature/conjugate_gradient.h"
#include "optim/curvature/forcing.h"
#include "optim/curvature/line_search.h"
#include "optim/curvature/newton_preconditioner.h"
#include "optim/curvature/step.h"
#include "optim/curvature/trust_radius.h"
#include "optim/curvature/trust_region.h"
#include "optim/curvature/vectors.h"

namespace gradus::optim {
namespace {

const std::vector<std::string> globalizations = {"armijo", "strong_wolfe", "trust_region", "trust_region_lanczos"};

class NewtonCg final : public Optimizer {
 public:
  explicit NewtonCg(const Settings& s)
      : globalization_(s.choice("globalization")),
        gauss_newton_(s.choice("curvature") == "gauss_newton"),
        max_inner_(s.count("max_inner_iterations")),
        damping_(s["damping"]),
        gradient_tolerance_(s["gradient_tolerance"]),
        boundary_tolerance_(s["boundary_tolerance"]),
        search_(s),
        forcing_(s),
        preconditioner_(s),
        radius_(s) {}

  void check(const Objective& objective) override {
    objective.require(gauss_newton_ ? Quantity::gauss_newton_times : Quantity::hessian_times, "newton_cg");
  }
  StepReport step(Objective& objective, const Tensor& theta) override {
    check(objective);
    StepReport report;
    report.damping = damping_;
    if (!open_step(objective, theta, gradient_tolerance_, gradient_, report)) return report;
    vectors::like(step_, theta), vectors::like(trial_, theta);
    const Product times = [&](const Tensor& v, const Tensor& out) {
      gauss_newton_ ? objective.gauss_newton_times(v, out) : objective.hessian_times(v, out);
      if (damping_ > 0) vectors::add(damping_, v, out);
    };
    const Preconditioner& preconditioner = preconditioner_.at(objective, times, theta, damping_);
    const double tolerance = forcing_.tolerance(report.gradient_norm);
    const bool region = globalization_ == "trust_region" || globalization_ == "trust_region_lanczos";
    const bool moved = region ? within_region(objective, theta, times, preconditioner, tolerance, report)
                              : along_line(objective, theta, times, preconditioner, tolerance, report);
    if (!moved) return report;
    if (preconditioner_.learns()) {
      vectors::combine(trial_, -1, theta, step_);
      vectors::combine(objective.gradient(), -1, gradient_, gradient_);
      preconditioner_.learn(step_, gradient_);
    }
    close_step(objective, theta, trial_, standstill_, report);
    return report;
  }

  void visit(StateVisitor& visitor) override {
    forcing_.visit(visitor);
    preconditioner_.visit(visitor);
    radius_.visit(visitor);
    standstill_.visit(visitor);
  }

 private:
  // Both return whether there is a point to go to: trial_, where the objective is.
  bool along_line(Objective& objective, const Tensor& theta, const Product& times, const Preconditioner& preconditioner,
                  double tolerance, StepReport& report) {
    const double length = std::max(1.0, vectors::norm(theta));
    const InnerResult inner =
        conjugate_gradient(times, gradient_, preconditioner, tolerance, max_inner_, length, memory_, step_);
    forcing_.solved(inner.residual * report.gradient_norm);
    report.inner_iterations = inner.iterations;
    report.inner_reason = inner.reason;
    double slope = vectors::dot(gradient_, step_);
    if (!(slope < 0) || !vectors::is_finite(step_)) {
      report.reason = without_direction(inner.reason);
      return false;
    }
    const bool negative = inner.reason == Reason::negative_curvature;
    const Ray ray{theta, step_, report.loss, slope, standstill_.ceiling(report.loss, theta.dtype()), trial_};
    const LineSearchResult found = globalization_ == "armijo" ? armijo_search(objective, ray, 1, search_, negative)
                                                              : strong_wolfe_search(objective, ray, 1, search_);
    if (!finish_search(found, step_, report)) return false;
    if (negative) report.reason = Reason::negative_curvature;
    return true;
  }

  bool within_region(Objective& objective, const Tensor& theta, const Product& times,
                     const Preconditioner& preconditioner, double tolerance, StepReport& report) {
    const bool lanczos = globalization_ == "trust_region_lanczos";
    const double ceiling = standstill_.ceiling(report.loss, theta.dtype());
    const double rounding = vectors::rounding(report.loss, theta.dtype());
    radius_.begin();
    report.inner_iterations = 0;
    report.reason = Reason::refused;  // the next step goes on with the radius that the trials have come to
    Trials trials;
    for (std::int64_t attempt = 0; attempt < search_.max_evaluations; ++attempt) {
      const double radius = radius_.radius();
      if (attempt > 0 && !lanczos) objective.move_to(theta);
      const InnerResult inner =
          !lanczos       ? steihaug(times, gradient_, preconditioner, radius, tolerance, max_inner_, memory_, step_)
          : attempt == 0 ? lanczos_.solve(times, gradient_, preconditioner, radius, tolerance, boundary_tolerance_,
                                          max_inner_, step_)
                         : lanczos_.solve_again(radius, step_);
      if (attempt == 0) forcing_.solved(inner.residual * report.gradient_norm);
      report.inner_iterations += inner.iterations;
      report.inner_reason = inner.reason;
      report.trust_radius = radius;
      const double length = vectors::norm(step_);
      if (!(inner.model_change < 0) || !std::isfinite(length)) {
        report.reason = without_direction(inner.reason);
        return false;
      }
      vectors::combine(theta, 1, step_, trial_);
      if (vectors::same(theta, trial_)) {  // the step is lost in theta
        report.reason = trials.failure();
        radius_.forget();
        return false;
      }
      objective.move_to(trial_);
      // The first trial is taken more often than not, and its gradient is the next step's.
      if (attempt == 0) objective.gradient();
      const double value = objective.value();
      const bool finite = std::isfinite(value) && (attempt > 0 || vectors::is_finite(objective.gradient()));
      trials.saw(finite);
      report.reduction_ratio = finite
                                   ? reduction_ratio(report.loss, value, ceiling, inner.model_change, rounding)
                                   : -std::numeric_limits<double>::infinity();
      radius_.update(report.reduction_ratio, inner.norm, vectors::dot(gradient_, step_), value - report.loss);
      if (radius_.accepts(report.reduction_ratio)) {
        report.step_norm = length;
        report.reason = inner.reason == Reason::negative_curvature ? Reason::negative_curvature : Reason::stepped;
        return true;
      }
    }
    return false;
  }

  std::string globalization_;
  bool gauss_newton_;
  std::int64_t max_inner_;
  Setting damping_, gradient_tolerance_, boundary_tolerance_;
  LineSearchOptions search_;
  Forcing forcing_;
  NewtonPreconditioner preconditioner_;
  TrustRadius radius_;
  Standstill standstill_;
  ConjugateGradientMemory memory_;
  LanczosTrustRegion lanczos_;
  Tensor gradient_, step_, trial_;
};

std::vector<Hyperparameter> hyperparameters() {
  std::vector<Hyperparameter> all = {
      choice("globalization", "trust_region_lanczos", globalizations,
             "armijo and strong_wolfe search along the step; trust_region is Steihaug's and Toint's, "
             "trust_region_lanczos GLTR"),
      choice("curvature", "hessian", {"hessian", "gauss_newton"}, "the matrix of the model"),
      Forcing::choice_hyperparameter("superlinear"),
      between("tolerance", 0.5, 0, 1, "the inner solver's, relative to the gradient: the fixed one, or the largest"),
      between("boundary_tolerance", 0.1, 0, 1,
              "trust_region_lanczos stops at the boundary where a product improves the model by less than this share"),
      count("max_inner_iterations", 250, 1, "products for a step"),
      non_negative("damping", 0, "added to the curvature's diagonal"),
      gradient_tolerance_hyperparameter()};
  for (const auto& more :
       {line_search_hyperparameters(0.9), NewtonPreconditioner::hyperparameters(), TrustRadius::hyperparameters()})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

Method newton_cg_method() {
  return {"newton_cg",
          "Dembo & Steihaug (1983); Steihaug (1983); Gould, Lucidi, Roma & Toint (1999)",
          hyperparameters(),
          [](const Settings& s) { return std::make_unique<NewtonCg>(s); },
          Family::curvature,
          "p <- argmin g.p + p.H p / 2, by conjugate gradients until |g + H p| <= eta |g|\n"
          "line search:  theta <- theta + a p, with the first a = 1\n"
          "trust region:  |p| <= radius;  theta <- theta + p if the value falls as the model says",
          "SciPy's Newton-CG and trust-ncg compare the root of the gradient's size with 0.5 for the accuracy of a "
          "step, and Newton-CG compares curvature with a fixed number, so that their paths depend on the loss's "
          "scale; here every test is relative. SciPy's Newton-CG steps along -g or the steps so far where it finds "
          "negative curvature; here the direction of negative curvature is followed too. After a rejection, "
          "trust_region_lanczos solves for the smaller radius in the space it has, without further products.",
          true};
}

}  // namespace gradus::optim
