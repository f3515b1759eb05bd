#include "optim/solvers/line_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "autodiff/tensor/vectors.h"
#include "optim/solvers/step.h"

namespace gradus::optim {
namespace {

// The objective along the ray.
class Along {
 public:
  Along(Objective& objective, const Ray& ray, const LineSearchOptions& options)
      : objective_(objective),
        ray_(ray),
        options_(options),
        // Without it no step near a minimum is good enough.
        noise_(vectors::rounding(ray.value, ray.theta.dtype())) {}

  double value(double step, bool with_gradient = false) {
    go_to(step);
    if (with_gradient) objective_.gradient();
    const double value = objective_.value();
    saw(step, value, std::isfinite(value));
    return value;
  }
  struct Sample {
    double step = 0, value = 0, slope = 0;
    bool is_finite() const { return std::isfinite(value) && std::isfinite(slope); }
  };
  Sample sample(double step) {
    go_to(step);
    const Tensor& gradient = objective_.gradient();
    const double slope = vectors::dot(gradient, ray_.direction);
    const Sample at{step, objective_.value(),
                    vectors::is_finite(gradient) ? slope : std::numeric_limits<double>::quiet_NaN()};
    saw(step, at.value, at.is_finite());
    return at;
  }
  Sample start() const { return {0, ray_.value, ray_.slope}; }
  bool decreases_enough(double step, double value) const {
    return value <= ray_.ceiling && value <= ray_.value + options_.sufficient_decrease * step * ray_.slope + noise_;
  }
  // A first step whose factor is a number of the element type; where the slope is nearly lost to underflow, a guess of
  // it by a quotient is not.
  double first(double asked) const {
    const double largest = with_floating(
        ray_.theta.dtype(), []<class T>(T) { return static_cast<double>(std::numeric_limits<T>::max()) / 16; });
    return std::min(asked, largest);
  }
  // Without descent there is nothing to try.
  bool descends() const { return ray_.slope < 0; }
  std::int64_t evaluations() const { return evaluations_; }
  bool may_evaluate() const { return evaluations_ < options_.max_evaluations; }
  // Writes the trial; returns whether the step is too small to change theta.
  bool is_lost(double step) const {
    vectors::add_scaled(ray_.theta, step, ray_.direction, ray_.trial);
    return vectors::same(ray_.theta, ray_.trial);
  }
  LineSearchResult result(Reason reason, double step, double value) const {
    return {reason, step, value, evaluations_};
  }
  // Where no trial satisfies the conditions: the objective goes back to the best one, if that lowers the value.
  LineSearchResult failure() {
    if (best_step_ == 0) return result(trials_.failure(), 0, ray_.value);
    go_to(best_step_);
    return result(Reason::no_progress, best_step_, best_value_);
  }

 private:
  void saw(double step, double value, bool finite) {
    trials_.saw(finite);
    if (!finite || !(value < best_value_)) return;
    best_step_ = step;
    best_value_ = value;
  }
  void go_to(double step) {
    ++evaluations_;
    vectors::add_scaled(ray_.theta, step, ray_.direction, ray_.trial);
    objective_.move_to(ray_.trial);
  }
  Objective& objective_;
  const Ray& ray_;
  const LineSearchOptions& options_;
  double noise_;
  Trials trials_;
  double best_step_ = 0, best_value_ = ray_.value;
  std::int64_t evaluations_ = 0;
};
using Sample = Along::Sample;

// The minimiser of the cubic that has the values and slopes of a and b, seen from a; NaN if it has none.
double cubic_minimizer(const Sample& a, const Sample& b) {
  const double h = b.step - a.step;
  const double theta = 3 * (a.value - b.value) / h + a.slope + b.slope;
  const double s = std::max({std::abs(theta), std::abs(a.slope), std::abs(b.slope)});
  const double inside = (theta / s) * (theta / s) - (a.slope / s) * (b.slope / s);
  if (!(inside >= 0)) return std::numeric_limits<double>::quiet_NaN();
  const double gamma = (h < 0 ? -s : s) * std::sqrt(inside);
  return a.step + h * (gamma - a.slope + theta) / (2 * gamma - a.slope + b.slope);
}
// The minimiser of the parabola with the slopes of a and b.
double secant_minimizer(const Sample& a, const Sample& b) {
  return b.step + b.slope / (b.slope - a.slope) * (a.step - b.step);
}
// The minimiser of the parabola with the value and slope of a and the value of b.
double parabola_minimizer(const Sample& a, const Sample& b) {
  const double h = b.step - a.step;
  return a.step + a.slope / ((a.value - b.value) / h + a.slope) / 2 * h;
}

// The interval of Moré & Thuente, section 4: `best` has the least value among the ends, and `other` is the other end.
struct Interval {
  Sample best, other;
  bool bracketed = false;

  // Takes a new sample in, and returns the next step (section 4, cases 1 to 4).
  double update(const Sample& t, double low, double high) {
    const bool opposite = t.slope * (best.slope / std::abs(best.slope)) < 0;
    double next = 0;
    if (t.value > best.value) {
      const double cubic = cubic_minimizer(best, t), parabola = parabola_minimizer(best, t);
      next = std::abs(cubic - best.step) < std::abs(parabola - best.step) ? cubic : cubic + (parabola - cubic) / 2;
      if (!std::isfinite(next)) next = (best.step + t.step) / 2;
      bracketed = true;
    } else if (opposite) {
      const double cubic = cubic_minimizer(t, best), secant = secant_minimizer(best, t);
      next = std::abs(cubic - t.step) > std::abs(secant - t.step) ? cubic : secant;
      bracketed = true;
    } else if (std::abs(t.slope) < std::abs(best.slope)) {
      next = less_steep(t, low, high);
    } else {
      next = bracketed ? cubic_minimizer(t, other) : t.step > best.step ? high : low;
    }
    if (t.value > best.value) {
      other = t;
    } else {
      if (opposite) other = best;
      best = t;
    }
    if (!bracketed) return std::clamp(std::isfinite(next) ? next : high, low, high);
    const double from = std::min(best.step, other.step), to = std::max(best.step, other.step);
    return next > from && next < to ? next : (from + to) / 2;
  }

 private:
  double less_steep(const Sample& t, double low, double high) const {
    double cubic = cubic_minimizer(t, best);
    const double secant = secant_minimizer(best, t);
    // The cubic serves if it goes to infinity in the direction of the step, or has its minimum beyond it.
    const bool beyond = std::isfinite(cubic) && (cubic - t.step) * (t.step - best.step) > 0;
    if (!beyond) cubic = t.step > best.step ? high : low;
    if (!bracketed) return std::abs(cubic - t.step) > std::abs(secant - t.step) ? cubic : secant;
    const double next = std::abs(cubic - t.step) < std::abs(secant - t.step) ? cubic : secant;
    const double limit = t.step + 0.66 * (other.step - t.step);
    return t.step > best.step ? std::min(limit, next) : std::max(limit, next);
  }
};

}  // namespace

LineSearchResult armijo_search(Objective& objective, const Ray& ray, double first_step,
                               const LineSearchOptions& options, bool expand) {
  Along along(objective, ray, options);
  double step = along.first(first_step), previous_step = 0, previous_value = 0;
  while (along.descends() && along.may_evaluate() && !along.is_lost(step)) {
    // The first trial is taken more often than not, and its gradient is the next step's.
    const double value = along.value(step, along.evaluations() == 0 && !expand);
    if (std::isfinite(value) && along.decreases_enough(step, value)) {
      if (!expand || previous_step != 0) return along.result(Reason::stepped, step, value);
      double best = value;
      while (along.may_evaluate()) {
        const double further = along.value(2 * step);
        if (!(std::isfinite(further) && further < best && along.decreases_enough(2 * step, further))) break;
        step *= 2;
        best = further;
      }
      return along.result(Reason::stepped, step, along.value(step));
    }
    double next = 0.1 * step;
    if (std::isfinite(value)) {
      const double rise = value - ray.value - ray.slope * step;  // beyond the tangent
      next = -ray.slope * step * step / (2 * rise);
      if (previous_step != 0) {
        const double previous_rise = previous_value - ray.value - ray.slope * previous_step;
        const double u = rise / (step * step), w = previous_rise / (previous_step * previous_step);
        const double a = (u - w) / (step - previous_step);
        const double b = (step * w - previous_step * u) / (step - previous_step);
        const double root = b * b - 3 * a * ray.slope;
        if (a != 0 && root >= 0) next = (-b + std::sqrt(root)) / (3 * a);
      }
      if (!std::isfinite(next)) next = step / 2;
      next = std::clamp(next, 0.1 * step, 0.5 * step);
      previous_step = step;
      previous_value = value;
    }
    step = next;
  }
  return along.failure();
}

LineSearchResult strong_wolfe_search(Objective& objective, const Ray& ray, double first_step,
                                     const LineSearchOptions& options) {
  constexpr double far = 4;  // how far a step may reach beyond the interval, in its lengths
  Along along(objective, ray, options);
  const Sample start = along.start();
  const double decrease = options.sufficient_decrease * ray.slope;
  Interval interval{start, start};
  double step = along.first(first_step), low = 0, high = (1 + far) * step;
  double width = std::numeric_limits<double>::infinity(), width_before = width;
  bool first_stage = true;
  while (along.descends() && along.may_evaluate() && !along.is_lost(step)) {
    const Sample t = along.sample(step);
    if (!t.is_finite()) {  // as if the value were infinite: come back most of the way
      interval.other = {step, std::numeric_limits<double>::infinity(), 0};
      interval.bracketed = true;
      step = interval.best.step + 0.1 * (step - interval.best.step);
      continue;
    }
    const bool enough = along.decreases_enough(step, t.value);
    if (enough && std::abs(t.slope) <= options.curvature * std::abs(ray.slope))
      return along.result(Reason::stepped, step, t.value);
    if (first_stage && enough && t.slope >= 0) first_stage = false;
    if (first_stage && t.value <= interval.best.value && !enough) {
      // The auxiliary function f(a) - f(0) - c1 a f'(0), whose minimiser satisfies both conditions.
      const auto tilted = [&](Sample s, double by) { return Sample{s.step, s.value - s.step * by, s.slope - by}; };
      Interval auxiliary{tilted(interval.best, decrease), tilted(interval.other, decrease), interval.bracketed};
      step = auxiliary.update(tilted(t, decrease), low, high);
      interval = {tilted(auxiliary.best, -decrease), tilted(auxiliary.other, -decrease), auxiliary.bracketed};
    } else {
      step = interval.update(t, low, high);
    }
    const double best = interval.best.step, other = interval.other.step;
    if (interval.bracketed) {
      const double now = std::abs(other - best);
      if (now >= 0.66 * width_before) step = (best + other) / 2;
      width_before = width;
      width = now;
      if (now <= vectors::epsilon(ray.theta.dtype()) * std::max(best, other)) break;
    } else {
      low = step + 1.1 * (step - best);
      high = step + far * (step - best);
    }
  }
  return along.failure();
}

bool finish_search(const LineSearchResult& found, const Tensor& direction, StepReport& report) {
  report.step_length = found.step;
  report.step_norm = found.step * vectors::norm(direction);
  report.reason = found.step > 0 ? Reason::stepped : found.reason;
  return found.step > 0;
}

}  // namespace gradus::optim
