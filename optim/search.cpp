#include "optim/search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "autodiff/tensor/vectors.h"
#include "optim/solvers/step.h"

namespace gradus::optim {
namespace {

constexpr std::int64_t most_trials = 40;  // in a step, of any search
constexpr double largest_radius = 1e10;

void report_solver(const Promise& promise, StepReport& report) {
  if (promise.products >= 0)
    report.inner_iterations = std::max<std::int64_t>(report.inner_iterations, 0) + promise.products;
  report.inner_reason = promise.reason;
}

}  // namespace

bool LengthSearch::find(Descent& descent, const Start& start, const Tensor& p, const Tensor& trial,
                        StepReport& report) {
  const Promise promise = descent.step(1, p);
  report_solver(promise, report);
  if (!(promise.slope < 0) || !vectors::is_finite(p)) {
    report.reason = without_direction(promise.reason);
    return false;
  }
  const bool negative = promise.reason == Reason::negative_curvature;
  const Ray ray{start.theta, p, start.value, promise.slope, start.ceiling, trial};
  if (!finish_search(along(start.objective, ray, descent.first_size(), negative), p, report)) return false;
  if (negative) report.reason = Reason::negative_curvature;
  return true;
}

LineSearchResult Fixed::along(Objective& objective, const Ray& ray, double first, bool) const {
  double step = first;
  for (std::int64_t trials = 1; trials <= most_trials; ++trials) {
    vectors::add_scaled(ray.theta, step, ray.direction, ray.trial);
    objective.move_to(ray.trial);
    if (vectors::is_finite(objective.gradient()) && std::isfinite(objective.value()))
      return {Reason::stepped, step, objective.value(), trials};
    step /= 10;
  }
  return {Reason::not_finite, 0, ray.value, most_trials};
}

bool RatioSearch::find(Descent& descent, const Start& start, const Tensor& p, const Tensor& trial, StepReport& report) {
  const double rounding = vectors::rounding(start.value, start.theta.dtype());
  if (size_ == 0) size_ = first(descent);
  if (!std::isfinite(size_)) {
    size_ = 0;
    report.reason = Reason::not_finite;
    return false;
  }
  report.reason = Reason::refused;  // the next step goes on with the size that the trials have come to
  Trials trials;
  for (std::int64_t attempt = 0; attempt < most_trials; ++attempt) {
    (size() == Descent::Size::radius ? report.trust_radius : report.damping) = size_;
    Trial now;
    now.promise = descent.step(size_, p);
    report_solver(now.promise, report);
    const double length = vectors::norm(p);
    if (!(now.promise.change < 0) || !std::isfinite(length)) {
      report.reason = without_direction(now.promise.reason);
      return false;
    }
    vectors::add_scaled(start.theta, 1, p, trial);
    if (vectors::same(start.theta, trial)) {  // the step is lost in theta
      report.reason = trials.failure();
      if (forgets()) size_ = 0;
      return false;
    }
    start.objective.move_to(trial);
    // The first trial is taken more often than not, and its gradient is the next step's.
    if (attempt == 0) start.objective.gradient();
    const double value = start.objective.value();
    const bool finite = std::isfinite(value) && (attempt > 0 || vectors::is_finite(start.objective.gradient()));
    trials.saw(finite);
    now.value_change = value - start.value;
    now.ratio = finite ? reduction_ratio(start.value, value, start.ceiling, now.promise.change, rounding)
                       : -std::numeric_limits<double>::infinity();
    report.reduction_ratio = now.ratio;
    update(now);
    if (!now.is_accepted()) continue;
    report.step_norm = length;
    report.reason = now.promise.reason == Reason::negative_curvature ? Reason::negative_curvature : Reason::stepped;
    return true;
  }
  return false;
}

double TrustRegion::first(Descent&) const { return std::min(*initial_, largest_radius); }

void TrustRegion::update(const Trial& trial) {
  if (!(trial.ratio >= 0.25)) {  // NaN too
    double factor = trial.promise.slope / (2 * (trial.promise.slope - trial.value_change));
    if (!std::isfinite(factor) || !std::isfinite(trial.value_change)) factor = 0.1;
    size_ = std::clamp(factor, 0.1, 0.5) * std::min(trial.promise.norm, size_);
  } else if (trial.ratio > 0.75) {
    size_ = std::min(std::max(size_, 2 * trial.promise.norm), largest_radius);
  }
}

void Damping::update(const Trial& trial) {
  if (rule_ == Rule::marquardt) {
    size_ *= trial.is_accepted() ? 0.1 : 10;
  } else if (trial.is_accepted()) {
    size_ *= std::max(1.0 / 3, 1 - std::pow(2 * trial.ratio - 1, 3));
    growth_ = 2;
  } else {
    size_ *= growth_;
    growth_ *= 2;
  }
}

double reduction_ratio(double value, double trial_value, double ceiling, double model_change, double rounding) {
  const double ratio = (value - trial_value + rounding) / (-model_change + rounding);
  return trial_value > ceiling ? std::min(ratio, 0.0) : ratio;
}

}  // namespace gradus::optim
