#include "optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace gradus::optim {
namespace {

// From 1 at x = 0 to 0 at x = 1 along half a cosine.
double half_cosine(double x) { return (1 + std::cos(std::numbers::pi * x)) / 2; }

Hyperparameter final_factor(double value) {
  return non_negative("final_factor", value, "value at the end, in terms of that at the beginning");
}
Hyperparameter steps(std::string help) { return count("steps", 10000, 1, std::move(help)); }

double toward(double x, double base, double end_factor) { return base * (end_factor + (1 - end_factor) * x); }

double step_value(const Settings& s, double t, double base) {
  return base * std::pow(s["factor"], std::floor(t / static_cast<double>(s.count("every"))));
}
double exponential_value(const Settings& s, double t, double base) { return base * std::pow(s["factor"], t); }
double polynomial_value(const Settings& s, double t, double base) {
  const double left = 1 - std::min(t / static_cast<double>(s.count("steps")), 1.0);
  return toward(std::pow(left, s["power"]), base, s["final_factor"]);
}
double cosine_value(const Settings& s, double t, double base) {
  double length = static_cast<double>(s.count("steps")), into = t;
  if (s.flag("restarts")) {
    const double growth = s["cycle_growth"];
    if (growth == 1) {
      into = std::fmod(t, length);
    } else {
      // Cycle n begins at length (growth^n - 1) / (growth - 1); rounding may be one cycle off.
      double n = std::floor(std::log1p(t * (growth - 1) / length) / std::log(growth));
      const auto start = [&](double cycle) { return length * (std::pow(growth, cycle) - 1) / (growth - 1); };
      while (n > 0 && start(n) > t) --n;
      while (start(n + 1) <= t) ++n;
      into = t - start(n);
      length *= std::pow(growth, n);
    }
  }
  return toward(half_cosine(std::min(into / length, 1.0)), base, s["final_factor"]);
}
double one_cycle_value(const Settings& s, double t, double base) {
  const double last = static_cast<double>(s.count("steps")) - 1, peak = s["rise"] * last;
  if (t < peak) return base * (s["start_factor"] + (1 - s["start_factor"]) * (1 - half_cosine(t / peak)));
  const double x = last > peak ? std::min((t - peak) / (last - peak), 1.0) : 1.0;
  return toward(half_cosine(x), base, s["final_factor"]);
}
double stable_decay_value(const Settings& s, double t, double base) {
  const double all = static_cast<double>(s.count("steps"));
  const double decay = std::min(static_cast<double>(s.count("decay_steps")), all), start = all - decay;
  if (t < start) return base;
  return toward(decay > 0 ? 1 - std::min((t - start) / decay, 1.0) : 0.0, base, s["final_factor"]);
}
double inverse_sqrt_value(const Settings& s, double t, double base) {
  const double offset = static_cast<double>(s.count("offset"));
  return base * std::sqrt(offset / (offset + t));
}
double sutskever_value(const Settings& s, double t, double base) {
  const double stage = std::floor(t / static_cast<double>(s.count("every")));
  return std::min(1 - std::exp2(-1 - std::log2(stage + 1)), base);
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
        {"constant", "", {}, [](const Settings&, double, double base) { return base; }, "base"},
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
         "base (f + (1 - f) (1 + cos(pi t / T)) / 2), f = final_factor, T = steps, then T cycle_growth, ..."},
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
         [](const Settings&, double, double base) { return base; },
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
  if (step >= warmup_steps_) return kind_.value(settings_, static_cast<double>(step - warmup_steps_), base);
  const double x = static_cast<double>(step + 1) / static_cast<double>(warmup_steps_);
  return kind_.value(settings_, 0, base) * (cosine_warmup_ ? 1 - half_cosine(x) : x);
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
