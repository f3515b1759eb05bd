#include "optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "optim/cycles.h"

namespace gradus::optim {
namespace {

// From 0 at x = 0 to 1 at x = 1 along half a cosine: (1 - cos(pi x)) / 2, without cancellation near 0. Whoever falls asks
// with what is left, so that the small values at the end are accurate.
double half_cosine(double x) {
  const double root = std::sin(std::numbers::pi / 2 * x);
  return root * root;
}

Hyperparameter final_factor(double value) {
  return non_negative("final_factor", value, "value at the end, in terms of that at the beginning");
}
Hyperparameter steps(std::string help) { return count("steps", 10000, 1, std::move(help)); }

double as_double(std::int64_t t) { return static_cast<double>(t); }
// base f, where an f that has grown beyond all numbers leaves 0 what it is.
double times(double base, double f) { return base == 0 ? base : base * f; }
// From base end_factor at x = 0 to base at x = 1, both exactly.
double toward(double x, double base, double end_factor) { return times(base, std::lerp(end_factor, 1.0, x)); }
// The part that is left of a stretch of steps: 1 at its begin, 0 at its end and later.
double left_of(double stretch, double since_its_begin) {
  return since_its_begin >= stretch ? 0.0 : (stretch - since_its_begin) / stretch;
}

double step_value(const Settings& s, std::int64_t t, double base) {
  return times(base, std::pow(s["factor"], as_double(t / s.count("every"))));
}
double exponential_value(const Settings& s, std::int64_t t, double base) {
  return times(base, std::pow(s["factor"], as_double(t)));
}
double polynomial_value(const Settings& s, std::int64_t t, double base) {
  return toward(std::pow(left_of(as_double(s.count("steps")), as_double(t)), s["power"]), base, s["final_factor"]);
}
double cosine_value(const Settings& s, std::int64_t t, double base) {
  const std::int64_t length = s.count("steps");
  const double left = s.flag("restarts") ? left_of_cycle(t, length, s["cycle_growth"])
                                         : left_of(as_double(length), as_double(t));
  return toward(half_cosine(left), base, s["final_factor"]);
}
double one_cycle_value(const Settings& s, std::int64_t t, double base) {
  const double last = as_double(s.count("steps")) - 1, peak = s["rise"] * last, now = as_double(t);
  // The peak itself is of the rise, unless there is none: a cycle that only rises ends with it.
  if (now < peak || (now == peak && peak > 0)) return toward(half_cosine(now / peak), base, s["start_factor"]);
  return toward(half_cosine(left_of(last - peak, now - peak)), base, s["final_factor"]);
}
double stable_decay_value(const Settings& s, std::int64_t t, double base) {
  const std::int64_t all = s.count("steps"), decay = std::min(s.count("decay_steps"), all);
  if (t < all - decay) return base;
  return toward(left_of(as_double(decay), as_double(t - (all - decay))), base, s["final_factor"]);
}
double inverse_sqrt_value(const Settings& s, std::int64_t t, double base) {
  const double offset = as_double(s.count("offset"));
  return base * std::sqrt(offset / (offset + as_double(t)));
}
// 2^(-1 - log2(k)) is 1 / (2 k).
double sutskever_value(const Settings& s, std::int64_t t, double base) {
  return std::min(1 - 0.5 / (as_double(t / s.count("every")) + 1), base);
}

std::vector<Hyperparameter> with_warmup(const std::vector<Hyperparameter>& own) {
  std::vector<Hyperparameter> all = own;
  all.push_back(count("warmup_steps", 0, 0, "steps of warm-up before the schedule begins"));
  all.push_back(choice("warmup", "linear", {"linear", "cosine"}, "shape of the warm-up"));
  return all;
}

}  // namespace

const std::vector<ScheduleKind>& schedules() {
  static const std::vector<ScheduleKind> all = [] {
    std::vector<ScheduleKind> kinds = {
        {"constant", "", {}, [](const Settings&, std::int64_t, double base) { return base; }, "base"},
        {"step",
         "common practice",
         {count("every", 1000, 1, "steps between two reductions"), positive("factor", 0.1, "of each reduction")},
         step_value,
         "base factor^floor(t / every)"},
        {"exponential",
         "common practice",
         {positive("factor", 0.999, "of each step")},
         exponential_value,
         "base factor^t"},
        {"polynomial",
         "common practice; power 1 is linear decay",
         {steps("until the end value"), positive("power", 1, "of the time that is left"), final_factor(0)},
         polynomial_value,
         "base (f + (1 - f) (1 - min(t / steps, 1))^power), f = final_factor"},
        {"cosine",
         "Loshchilov & Hutter (2017), eq. 5",
         {steps("of the (first) cycle"), final_factor(0), flag("restarts", false, "begin again after each cycle"),
          between("cycle_growth", 1, 1, 1e6, "length of a cycle in terms of the one before")},
         cosine_value,
         "base (f + (1 - f) (1 + cos(pi t / T)) / 2), f = final_factor, T = steps, then T cycle_growth, ..."
         "; the growth is the decimal number given, cycles begin where exact arithmetic has them"},
        {"one_cycle",
         "Smith & Topin (2019), with fastai's cosines",
         {steps("of the cycle"), between("rise", 0.3, 0, 1, "part of the cycle in which the value grows"),
          non_negative("start_factor", 0.04, "first value, in terms of the largest"), final_factor(4e-6)},
         one_cycle_value,
         "cosine from base start_factor to base at t = rise (steps - 1), then to base final_factor"},
        {"warmup_stable_decay",
         "Hu et al. (2024), with a linear decay",
         {steps("after the warm-up until the end of the decay"),
          count("decay_steps", 2000, 0, "the last of them, in which the value falls"), final_factor(0)},
         stable_decay_value,
         "base until t = steps - decay_steps, then linear to base final_factor"},
        {"inverse_sqrt",
         "Vaswani et al. (2017), eq. 3",
         {count("offset", 1000, 1, "warmup_steps for the paper's schedule")},
         inverse_sqrt_value,
         "base sqrt(offset / (offset + t))"},
        {"plateau",
         "common practice; ReduceLROnPlateau in PyTorch",
         {positive("factor", 0.1, "of a reduction"),
          count("patience", 10, 0, "observations without progress that are allowed"),
          non_negative("threshold", 1e-4, "relative fall of the loss that counts as progress"),
          non_negative("smallest_factor", 0, "on the base value, below which nothing is reduced")},
         [](const Settings&, std::int64_t, double base) { return base; },
         "base r;  r <- max(r factor, smallest_factor) when more than patience held-out losses in a row were not below "
         "the best "
         "by threshold",
         true},
        {"sutskever_momentum",
         "Sutskever et al. (2013), eq. 5",
         {count("every", 250, 1, "steps between two values")},
         sutskever_value,
         "min(1 - 2^(-1 - log2(floor(t / every) + 1)), base)"},
    };
    for (ScheduleKind& kind : kinds) kind.hyperparameters = with_warmup(kind.hyperparameters);
    return kinds;
  }();
  return all;
}

const ScheduleKind& schedule(const std::string& name) {
  std::vector<std::string> names;
  for (const ScheduleKind& candidate : schedules()) {
    if (candidate.name == name) return candidate;
    names.push_back(candidate.name);
  }
  throw std::invalid_argument("unknown schedule '" + name + "': " + choices_text(name, names));
}

Schedule::Schedule(const std::string& name, const NamedValues& values)
    : kind_(schedule(name)),
      settings_(make_settings("schedule " + name, kind_.hyperparameters, values)),
      warmup_steps_(settings_.count("warmup_steps")),
      cosine_warmup_(settings_.choice("warmup") == "cosine") {}

double Schedule::at(std::int64_t step, double base) const {
  if (step < 0)
    throw std::invalid_argument("schedule " + kind_.name + ": step " + std::to_string(step) + ", expected 0 or more");
  if (step >= warmup_steps_) return kind_.value(settings_, step - warmup_steps_, base);
  const double x = as_double(step + 1) / as_double(warmup_steps_);
  return kind_.value(settings_, 0, base) * (cosine_warmup_ ? half_cosine(x) : x);
}

void Plateau::observe(double loss, const Settings& settings) {
  // A loss that is not a number is no progress.
  const bool better = std::isinf(best) ? loss < best : loss < best - settings["threshold"] * std::abs(best);
  if (better) {
    best = loss;
    bad = 0;
  } else if (++bad > settings.count("patience")) {
    factor = std::min(factor, std::max(factor * settings["factor"], settings["smallest_factor"] + 0.0));
    bad = 0;
  }
}

}  // namespace gradus::optim
