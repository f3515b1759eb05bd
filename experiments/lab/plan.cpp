#include "experiments/lab/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "experiments/lab/run.h"

namespace gradus::lab {
namespace {

constexpr std::array units = {Unit::steps,    Unit::epochs, Unit::examples, Unit::gradient_equivalents,
                              Unit::products, Unit::seconds};

std::vector<std::string> unit_names() {
  std::vector<std::string> names;
  for (const Unit unit : units) names.emplace_back(name_of(unit));
  return names;
}

const char* help_of(Unit unit) {
  switch (unit) {
    case Unit::steps:
      return "steps after which to stop; 0: no limit, as of the others";
    case Unit::epochs:
      return "passes over the training set after which to stop";
    case Unit::examples:
      return "examples evaluated after which to stop";
    case Unit::gradient_equivalents:
      return "gradients of the whole training set, or work as dear, after which to stop";
    case Unit::products:
      return "curvature products after which to stop";
    case Unit::seconds:
      return "seconds of training after which to stop";
  }
  return "";
}

}  // namespace

const char* name_of(Unit unit) {
  switch (unit) {
    case Unit::steps:
      return "steps";
    case Unit::epochs:
      return "epochs";
    case Unit::examples:
      return "examples";
    case Unit::gradient_equivalents:
      return "gradient_equivalents";
    case Unit::products:
      return "products";
    case Unit::seconds:
      return "seconds";
  }
  return "";
}

Plan plan_of_options(Run& run, Plan plan) {
  run.alias("steps", "budget_steps");
  run.alias("epochs", "budget_epochs");
  // Whoever asks for a budget means it: the default of another unit does not end the training before.
  const bool is_asked_for = std::ranges::any_of(
      units, [&](Unit unit) { return run.options().given(fmt::format("budget_{}", name_of(unit))); });
  const std::vector<Amount> defaults = is_asked_for ? std::vector<Amount>() : std::exchange(plan.budget, {});
  plan.budget.clear();
  if (is_asked_for)
    for (const Unit unit : units) run.forget_recorded(fmt::format("budget_{}", name_of(unit)));
  for (const Unit unit : units) {
    double count = 0;
    for (const Amount& amount : defaults)
      if (amount.unit == unit) count = amount.count;
    count = run.option(fmt::format("budget_{}", name_of(unit)), count, help_of(unit), at_least(0));
    if (count > 0) plan.budget.push_back({count, unit});
  }
  if (plan.budget.empty())
    throw UsageError("options --budget-steps, --budget-epochs, ..: expected at least one above 0");
  // The number of another unit says nothing in this one.
  const bool is_other_unit = run.options().given("evaluation_unit") && !run.options().given("evaluation_interval");
  if (is_other_unit) run.forget_recorded("evaluation_interval");
  plan.evaluate_every.count = run.option("evaluation_interval", is_other_unit ? 1 : plan.evaluate_every.count,
                                         "training between two evaluations", more_than(0));
  const std::string unit =
      run.option("evaluation_unit", name_of(plan.evaluate_every.unit), "of the interval", one_of(unit_names()));
  for (const Unit known : units)
    if (unit == name_of(known)) plan.evaluate_every.unit = known;
  if (plan.evaluate_every.unit == Unit::steps && plan.evaluate_every.count != std::floor(plan.evaluate_every.count))
    throw UsageError(
        fmt::format("--evaluation-interval={}: expected a whole number of steps", plan.evaluate_every.count));
  plan.evaluation_examples = run.option("evaluation_examples", plan.evaluation_examples,
                                        "examples of each set that are evaluated, the first; 0: all", at_least(0));
  plan.batch_size =
      run.option("batch_size", plan.batch_size, "examples in a batch of the gradient; 0: all", at_least(0));
  plan.curvature_batch_size =
      run.option("curvature_batch_size", plan.curvature_batch_size,
                 "examples in a batch of its own for curvature; 0: the gradient's", at_least(0));
  plan.clock = run.option("clock", plan.clock == Clock::wall ? "wall" : "processor",
                          "seconds of training by: wall; processor, those given to this process, where others compete "
                          "for it",
                          one_of({"wall", "processor"})) == "wall"
                   ? Clock::wall
                   : Clock::processor;
  plan.stop_at_target = run.option("stop_at_target", plan.stop_at_target, "end when the workload's target is reached");
  for (const auto& instrument : choose_instruments(run)) plan.instruments.push_back(instrument);
  return plan;
}

}  // namespace gradus::lab
