// Gauss-Newton and Levenberg-Marquardt on Gauss-Newton products, for least squares and every other loss that is convex
// in the outputs. Levenberg (1944); Marquardt (1963); Nielsen (1999); Nocedal & Wright (2006), chapter 10.3.
#include <algorithm>
#include <cmath>

#include "optim/curvature/conjugate_gradient.h"
#include "optim/curvature/line_search.h"
#include "optim/curvature/step.h"
#include "optim/curvature/trust_radius.h"
#include "optim/curvature/vectors.h"

namespace gradus::optim {
namespace {

// (G + damping I) p = -g by conjugate gradients.
class LinearStep {
 public:
  explicit LinearStep(const Settings& s)
      : tolerance_(s["tolerance"]), max_iterations_(s.count("max_inner_iterations")) {}

  InnerResult solve(Objective& objective, const Tensor& g, double damping, const Tensor& p) {
    const Product times = [&](const Tensor& v, const Tensor& out) {
      objective.gauss_newton_times(v, out);
      if (damping > 0) vectors::add(damping, v, out);
    };
    return conjugate_gradient(times, g, IdentityPreconditioner(), tolerance_, max_iterations_, 1, memory_, p);
  }
  // The Rayleigh quotient g.G g / g.g.
  double curvature_along(Objective& objective, const Tensor& g) {
    const Tensor& product = vectors::like(memory_.product, g);
    objective.gauss_newton_times(g, product);
    return vectors::dot(g, product) / vectors::dot(g, g);
  }
  static std::vector<Hyperparameter> hyperparameters() {
    return {between("tolerance", 1e-10, 0, 1, "of the inner solver, relative to the gradient"),
            count("max_inner_iterations", 1000, 1, "products for a solution"), gradient_tolerance_hyperparameter()};
  }

 private:
  Setting tolerance_;
  std::int64_t max_iterations_;
  ConjugateGradientMemory memory_;
};

class GaussNewton final : public Optimizer {
 public:
  explicit GaussNewton(const Settings& s) : linear_(s), gradient_tolerance_(s["gradient_tolerance"]), options_(s) {}

  void check(const Objective& objective) override {
    objective.require(Quantity::gauss_newton_times, "gauss_newton");
  }
  StepReport step(Objective& objective, const Tensor& theta) override {
    check(objective);
    StepReport report;
    if (!open_step(objective, theta, gradient_tolerance_, gradient_, report)) return report;
    const InnerResult inner = linear_.solve(objective, gradient_, 0, vectors::like(step_, theta));
    report.inner_iterations = inner.iterations;
    report.inner_reason = inner.reason;
    const double slope = vectors::dot(gradient_, step_);
    if (!(slope < 0) || !vectors::is_finite(step_)) {
      report.reason = without_direction(inner.reason);
      return report;
    }
    const double ceiling = standstill_.ceiling(report.loss, theta.dtype());
    const Ray ray{theta, step_, report.loss, slope, ceiling, vectors::like(trial_, theta)};
    const LineSearchResult found = armijo_search(objective, ray, 1, options_);
    if (finish_search(found, step_, report)) close_step(objective, theta, trial_, standstill_, report);
    return report;
  }
  void visit(StateVisitor& visitor) override { standstill_.visit(visitor); }

 private:
  LinearStep linear_;
  Setting gradient_tolerance_;
  LineSearchOptions options_;
  Standstill standstill_;
  Tensor gradient_, step_, trial_;
};

class LevenbergMarquardt final : public Optimizer {
 public:
  explicit LevenbergMarquardt(const Settings& s)
      : linear_(s),
        nielsen_(s.choice("update") == "nielsen"),
        initial_damping_(s["initial_damping"]),
        gradient_tolerance_(s["gradient_tolerance"]),
        acceptance_(s["acceptance"]),
        max_evaluations_(s.count("max_evaluations")) {}

  void check(const Objective& objective) override {
    objective.require(Quantity::gauss_newton_times, "levenberg_marquardt");
  }
  StepReport step(Objective& objective, const Tensor& theta) override {
    check(objective);
    StepReport report;
    if (!open_step(objective, theta, gradient_tolerance_, gradient_, report)) return report;
    vectors::like(step_, theta), vectors::like(trial_, theta);
    const double ceiling = standstill_.ceiling(report.loss, theta.dtype());
    const double rounding = vectors::rounding(report.loss, theta.dtype());
    if (damping_ == 0) {
      const double curvature = linear_.curvature_along(objective, gradient_);
      if (!std::isfinite(curvature)) {
        report.reason = Reason::not_finite;
        return report;
      }
      damping_ = initial_damping_ * (curvature > 0 ? curvature : 1);
    }
    report.inner_iterations = 0;
    report.reason = Reason::refused;  // the next step goes on with the damping that the trials have come to
    Trials trials;
    for (std::int64_t attempt = 0; attempt < max_evaluations_; ++attempt) {
      if (attempt > 0) objective.move_to(theta);
      report.damping = damping_;
      const InnerResult inner = linear_.solve(objective, gradient_, damping_, step_);
      report.inner_iterations += inner.iterations;
      report.inner_reason = inner.reason;
      const double length = vectors::norm(step_);
      if (!(inner.model_change < 0) || !std::isfinite(length)) {
        report.reason = without_direction(inner.reason);
        return report;
      }
      vectors::combine(theta, 1, step_, trial_);
      if (vectors::same(theta, trial_)) {  // the step is lost in theta
        report.reason = trials.failure();
        return report;
      }
      objective.move_to(trial_);
      const double value = objective.value(), undamped = inner.model_change - damping_ / 2 * length * length;
      const bool finite = std::isfinite(value);
      trials.saw(finite);
      report.reduction_ratio = finite ? reduction_ratio(report.loss, value, ceiling, undamped, rounding) : -1;
      update(report.reduction_ratio);
      if (report.reduction_ratio > acceptance_) {
        report.reason = Reason::stepped;
        report.step_norm = length;
        close_step(objective, theta, trial_, standstill_, report);
        return report;
      }
    }
    return report;
  }
  void visit(StateVisitor& visitor) override {
    visitor.number("damping", damping_);
    visitor.number("growth", growth_);
    standstill_.visit(visitor);
  }

 private:
  void update(double ratio) {
    const bool taken = ratio > acceptance_;
    if (!nielsen_) {
      damping_ *= taken ? 0.1 : 10;
    } else if (taken) {
      damping_ *= std::max(1.0 / 3, 1 - std::pow(2 * ratio - 1, 3));
      growth_ = 2;
    } else {
      damping_ *= growth_;
      growth_ *= 2;
    }
  }

  LinearStep linear_;
  bool nielsen_;
  Setting initial_damping_, gradient_tolerance_, acceptance_;
  std::int64_t max_evaluations_;
  double damping_ = 0, growth_ = 2;  // a damping of 0: no step yet
  Standstill standstill_;
  Tensor gradient_, step_, trial_;
};

}  // namespace

Method gauss_newton_method() {
  std::vector<Hyperparameter> hyperparameters = LinearStep::hyperparameters();
  for (Hyperparameter& h : line_search_hyperparameters(0.9))
    if (h.name != "wolfe_curvature") hyperparameters.push_back(std::move(h));
  return {"gauss_newton",
          "Nocedal & Wright (2006), chapter 10.3",
          std::move(hyperparameters),
          [](const Settings& s) { return std::make_unique<GaussNewton>(s); },
          Family::curvature,
          "G p = -g, by conjugate gradients;  theta <- theta + a p, with the first a = 1",
          "Where G is singular the step is the shortest one, as by a pseudo-inverse.",
          true};
}

Method levenberg_marquardt_method() {
  std::vector<Hyperparameter> hyperparameters = LinearStep::hyperparameters();
  hyperparameters.insert(hyperparameters.end(),
                         {positive("initial_damping", 1e-3, "the first damping over the curvature g.G g / g.g"),
                          choice("update", "nielsen", {"nielsen", "marquardt"}, "of the damping after a step"),
                          between("acceptance", 1e-4, 0, 0.25, "a step is taken if the reduction ratio is larger"),
                          count("max_evaluations", 40, 1, "trials for a step")});
  return {
      "levenberg_marquardt",
      "Levenberg (1944); Marquardt (1963); Nielsen (1999), eq. 2.4",
      std::move(hyperparameters),
      [](const Settings& s) { return std::make_unique<LevenbergMarquardt>(s); },
      Family::curvature,
      "(G + damping I) p = -g;  ratio = (f(theta) - f(theta + p)) / (model's reduction, undamped)\n"
      "nielsen:  damping *= max(1/3, 1 - (2 ratio - 1)^3), growth = 2 if taken;  else damping *= growth, growth *= 2\n"
      "marquardt:  damping *= 1/10 if taken, else 10",
      "The damping is of Levenberg's form, a multiple of the identity; MINPACK's lmder scales it by the columns of J "
      "and chooses "
      "it by a trust region.",
      true};
}

}  // namespace gradus::optim
