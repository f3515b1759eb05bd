#include "optim/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "optim/schedules/constant.h"
#include "optim/schedules/cosine.h"
#include "optim/schedules/exponential.h"
#include "optim/schedules/inverse_sqrt.h"
#include "optim/schedules/one_cycle.h"
#include "optim/schedules/polynomial.h"
#include "optim/schedules/step.h"
#include "optim/schedules/sutskever_momentum.h"
#include "optim/schedules/warmup_stable_decay.h"

namespace gradus::optim {
namespace {

template <class S>
ScheduleKind kind_of() {
  ScheduleKind kind{entry_of<S>()};
  for (Hyperparameter& h : settings::hyperparameters_of(settings::fields_of<WarmUp>()))
    kind.hyperparameters.push_back(std::move(h));
  if constexpr (requires { S::observes; }) kind.observes = S::observes;
  kind.make = [](const std::vector<double>& values) {
    return [it = settings::of_values<S>(values)](std::int64_t t, double base) { return it.at(t, base); };
  };
  return kind;
}
template <class... S>
std::vector<ScheduleKind> listed() {
  return {kind_of<S>()...};
}

}  // namespace

const settings::Catalogue<ScheduleKind>& schedules() {
  static const settings::Catalogue<ScheduleKind> all(
      "schedule", listed<Constant, StepDecay, ExponentialDecay, PolynomialDecay, CosineDecay, OneCycle,
                         WarmupStableDecay, InverseSqrt, ReduceOnPlateau, SutskeverMomentum>());
  return all;
}

double WarmUp::part(std::int64_t step) const {
  const double x = shapes::as_double(step + 1) / shapes::as_double(warmup_steps);
  return warmup == Shape::cosine ? shapes::half_cosine(x) : x;
}

Schedule::Schedule(const std::string& name, const NamedValues& given) : kind_(schedule(name)) {
  std::vector<double> values = settings::complete_values("schedule " + name, kind_.hyperparameters, given);
  const auto own = values.end() - std::ssize(settings::fields_of<WarmUp>());
  warm_up_ = settings::of_values<WarmUp>({own, values.end()});
  values.erase(own, values.end());
  value_ = kind_.make(values);
  if (kind_.observes) plateau_ = settings::of_values<ReduceOnPlateau>(values);
}

double Schedule::at(std::int64_t step, double base) const {
  if (step < 0) throw std::invalid_argument(fmt::format("schedule {}: step {}, expected 0 or more", kind_.name, step));
  const std::int64_t warm = warm_up_.warmup_steps;
  return step >= warm ? value_(step - warm, base) : value_(0, base) * warm_up_.part(step);
}

void Plateau::observe(double loss, const ReduceOnPlateau& numbers) {
  // A loss that is not a number is no progress.
  const bool better = std::isinf(best) ? loss < best : loss < best - numbers.threshold * std::abs(best);
  if (better) {
    best = loss;
    bad = 0;
  } else if (++bad > numbers.patience) {
    factor = std::min(factor, std::max(factor * numbers.factor, numbers.smallest_factor));
    bad = 0;
  }
}

}  // namespace gradus::optim
