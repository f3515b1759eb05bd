#include "optim/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "optim/scheduled.h"

namespace gradus::optim {
namespace {

[[noreturn]] void refuse(const std::string& wrapper, const std::string& why) {
  throw std::invalid_argument(fmt::format("wrapper {}: {}", wrapper, why));
}

settings::Precision precision_of(DType dtype) {
  return dtype == DType::float32 ? settings::Precision::float32 : settings::Precision::float64;
}

// What can be scheduled, and where its values are.
struct Schedulable {
  Hyperparameter hyperparameter;
  std::vector<ScheduledHyperparameter::Target> targets;
};

void add_schedulable(std::vector<Schedulable>& all, const std::vector<Hyperparameter>& hyperparameters,
                     const std::vector<Optimizer*>& places) {
  for (const Hyperparameter& h : hyperparameters) {
    if (!h.can_be_scheduled()) continue;
    std::vector<ScheduledHyperparameter::Target> targets;
    for (Optimizer* place : places) {
      double* const number = place->number(h.name);
      targets.push_back({number, *number});
    }
    all.push_back({h, std::move(targets)});
  }
}

// The method's instances for the groups and, last, for the rest.
std::vector<Grouped::Part> make_parts(const Method& method, const Recipe& recipe) {
  if (method.family == Family::curvature)
    throw std::invalid_argument(
        fmt::format("groups: {} solves for all parameters at once: it has no groups", method.name));
  std::vector<Grouped::Part> parts;
  for (const Group& group : recipe.groups) {
    NamedValues values = recipe.values;
    for (const auto& [name, value] : group.values) {
      std::erase_if(values, [&, &its_name = name](const auto& known) { return known.first == its_name; });
      values.emplace_back(name, value);
    }
    settings::complete_values("group " + group.selector + " of " + method.name, method.hyperparameters, values,
                              precision_of(recipe.dtype));
    parts.push_back({group.selector, method.make(values, recipe.stream.child("group " + group.selector))});
  }
  parts.push_back({"", method.make(recipe.values, recipe.stream)});
  return parts;
}

bool groups_change(const Recipe& recipe, const std::string& name) {
  for (const Group& group : recipe.groups)
    for (const auto& [changed, value] : group.values)
      if (changed == name) return true;
  return false;
}

// Refuses what would not do what its name says.
void check_wrappers(const Recipe& recipe, const Method& method) {
  std::string accumulation;  // once seen, from outside to inside
  std::vector<std::string> outside;
  for (const auto& [name, values] : recipe.wrappers) {
    const WrapperKind& kind = wrapper(name);
    if (std::find(outside.begin(), outside.end(), name) != outside.end()) refuse(name, "is there twice");
    if (method.family == Family::curvature && !kind.place.around_curvature)
      refuse(name, "does not go with " + method.name + ", which needs products or values that agree with the gradient");
    if (!accumulation.empty() && kind.place.effect == Effect::points)
      refuse(name, "asks for gradients at other points than " + accumulation + " around it: put it outside, " + name +
                       "+" + accumulation);
    if (kind.place.uses_learning_rate && groups_change(recipe, "learning_rate"))
      refuse(name, "uses one learning_rate, which the groups make several");
    const bool has_rate = std::any_of(method.hyperparameters.begin(), method.hyperparameters.end(),
                                      [](const Hyperparameter& h) { return h.name == "learning_rate"; });
    if (kind.place.uses_learning_rate && !has_rate)
      refuse(name, "uses the learning_rate, which " + method.name + " does not have");
    if (kind.place.effect == Effect::accumulation) {
      accumulation = name;
      for (const std::string& other : outside)
        if (wrapper(other).place.effect == Effect::step)
          refuse(other, "acts at each step of what is inside: put it inside of " + name + ", " + name + "+" + other);
    }
    outside.push_back(name);
  }
}

}  // namespace

const Method& method_of(const Recipe& recipe) { return recipe.own ? *recipe.own : method(recipe.method); }

std::vector<std::string> parse_wrappers(std::string_view text) {
  std::vector<std::string> names;
  if (text.empty() || text == "none") return names;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find('+', start), text.size());
    names.push_back(wrapper(std::string(text.substr(start, end - start))).name);
    if (std::count(names.begin(), names.end(), names.back()) > 1) refuse(names.back(), "is there twice");
    start = end + 1;
  }
  return names;
}

std::unique_ptr<Optimizer> make_optimizer(const Recipe& recipe) {
  const Method& chosen = method_of(recipe);
  check_wrappers(recipe, chosen);
  settings::refuse_retired(chosen.name, chosen.about->retired, recipe.values);
  settings::complete_values(chosen.name, chosen.hyperparameters, recipe.values, precision_of(recipe.dtype));
  std::unique_ptr<Optimizer> optimizer;
  std::vector<Optimizer*> places;  // the method's instances, of which the last is that of the rest
  if (recipe.groups.empty()) {
    optimizer = chosen.make(recipe.values, recipe.stream);
    places.push_back(optimizer.get());
  } else {
    std::vector<Grouped::Part> parts = make_parts(chosen, recipe);
    for (const Grouped::Part& part : parts) places.push_back(part.optimizer.get());
    optimizer = std::make_unique<Grouped>(chosen.name, std::move(parts));
  }
  std::vector<Schedulable> schedulable;
  add_schedulable(schedulable, chosen.hyperparameters, places);

  const double* const learning_rate = places.back()->number("learning_rate");
  for (auto wrapped = recipe.wrappers.rbegin(); wrapped != recipe.wrappers.rend(); ++wrapped) {
    const WrapperKind& kind = wrapper(wrapped->name);
    settings::complete_values(kind.name, kind.hyperparameters, wrapped->values, precision_of(recipe.dtype));
    optimizer = kind.make(wrapped->values, {std::move(optimizer), learning_rate, recipe.stream});
    add_schedulable(schedulable, kind.hyperparameters, {optimizer.get()});
  }

  std::vector<ScheduledHyperparameter> scheduled;
  std::vector<std::string> names, taken;
  for (const Schedulable& candidate : schedulable) names.push_back(candidate.hyperparameter.name);
  for (const Recipe::Scheduling& asked : recipe.schedules) {
    const auto found = std::find(names.begin(), names.end(), asked.hyperparameter);
    if (found == names.end())
      throw std::invalid_argument(fmt::format("schedule of '{}': {}", asked.hyperparameter,
                                              settings::choices_text(asked.hyperparameter, names)));
    if (std::find(taken.begin(), taken.end(), asked.hyperparameter) != taken.end())
      throw std::invalid_argument(fmt::format("schedule of {}: there are two", asked.hyperparameter));
    taken.push_back(asked.hyperparameter);
    const Schedulable& target = schedulable[static_cast<std::size_t>(found - names.begin())];
    scheduled.push_back({target.hyperparameter, Schedule(asked.schedule, asked.values), target.targets});
  }
  if (scheduled.empty()) return optimizer;
  return std::make_unique<Scheduled>(std::move(optimizer), std::move(scheduled), precision_of(recipe.dtype));
}

std::string signature(const Recipe& recipe) {
  const auto fixed = [](const std::string& owner, const std::vector<Hyperparameter>& hyperparameters,
                        const NamedValues& given) {
    const std::vector<double> values = settings::complete_values(owner, hyperparameters, given);
    std::string text;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Hyperparameter& h = hyperparameters[i];
      if (h.can_be_scheduled()) continue;
      text += text.empty() ? "(" : " ";
      const bool named = h.kind == Hyperparameter::Kind::choice;
      text += h.name + "=";
      text +=
          named ? h.choices[static_cast<std::size_t>(values[i])] : std::to_string(static_cast<std::int64_t>(values[i]));
    }
    return text.empty() ? text : text + ")";
  };
  std::string text;
  for (const auto& [name, values] : recipe.wrappers)
    text += name + fixed(name, wrapper(name).hyperparameters, values) + " + ";
  text += recipe.method + fixed(recipe.method, method_of(recipe).hyperparameters, recipe.values);
  for (const Group& group : recipe.groups) text += "; group " + group.selector;
  for (const Recipe::Scheduling& s : recipe.schedules) text += "; " + s.hyperparameter + " by " + s.schedule;
  return text;
}

}  // namespace gradus::optim
