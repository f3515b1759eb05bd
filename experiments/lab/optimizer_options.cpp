#include "experiments/lab/optimizer_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "experiments/lab/external_optimizer.h"
#include "settings/render.h"

namespace gradus::lab {
namespace {

using optim::GivenValue;
using optim::Hyperparameter;
using Kind = Hyperparameter::Kind;

// The range of a hyperparameter as an option's check.
Check check_of(const Hyperparameter& h) {
  if (h.kind == Kind::count) return at_least(h.low);
  if (h.high_open && std::isfinite(h.high)) return from_to_below(h.low, h.high);
  if (!h.high_open) return between(h.low, h.high);
  return h.low > 0 ? more_than(0) : at_least(0);
}

GivenValue default_of(const Hyperparameter& h) {
  if (h.kind == Kind::choice) return h.default_text();
  return h.default_value;
}

// The default of a method's hyperparameter, or the program's where that differs.
GivenValue default_of(const std::string& method, const Hyperparameter& h, const std::vector<MethodDefaults>& changes) {
  for (const MethodDefaults& changed : changes)
    for (const auto& [name, value] : changed.values)
      if (changed.method == method && name == h.name) return value;
  return default_of(h);
}

// What the option --groups says, numbers and blanks written in one way.
std::string canonical_groups(const std::string& text) {
  if (text == "none") return text;
  std::string groups;
  for (const optim::Group& group : optim::parse_groups(text)) {
    groups += (groups.empty() ? "" : "; ") + group.selector;
    for (const auto& [name, value] : group.values)
      groups += fmt::format(" {}={}", name, value.is_text() ? value.text() : fmt::format("{}", value.number()));
  }
  return groups;
}

void choose_schedules(Options& options, const std::vector<Hyperparameter>& hyperparameters, optim::Recipe& recipe) {
  std::vector<std::string> names = optim::schedules().names();
  names.insert(names.begin(), "none");
  std::string first;
  for (const Hyperparameter& h : hyperparameters) {
    if (!h.can_be_scheduled()) continue;
    // The list of schedules once is enough.
    Check check = one_of(names);
    std::string help = "how " + h.name + " changes with the step";
    if (first.empty()) {
      first = h.name;
    } else {
      check.range.clear();
      help += fmt::format(", as for {}", first);
    }
    const std::string name = options.get(h.name + "_schedule", "none", help, check);
    if (name == "none") continue;
    optim::NamedValues values;
    for (const Hyperparameter& number : optim::schedule(name).hyperparameters)
      values.emplace_back(number.name, option_value(options, h.name + "_" + number.name, number, default_of(number)));
    recipe.schedules.push_back({h.name, name, std::move(values)});
  }
}

// Why the options have none of this name: it is no more, or belongs to what was not chosen.
std::string why_missing(const optim::Method& chosen, const std::string& option) {
  for (const settings::Retired& r : chosen.about->retired)
    if (r.name == option) return "is no longer an option: it " + r.fate();
  std::vector<std::string> owners, own;
  const auto look = [&](const char* kind, const auto& entries) {
    for (const auto& entry : entries)
      for (const Hyperparameter& h : entry.hyperparameters)
        if (h.name == option) owners.push_back(kind + entry.name);
  };
  look("", optim::methods());
  look("wrapper ", optim::wrappers());
  if (owners.empty()) return {};
  constexpr std::size_t enough = 5;
  if (owners.size() > enough) {
    owners.resize(enough);
    owners.push_back("...");
  }
  for (const Hyperparameter& h : chosen.hyperparameters) own.push_back(h.name);
  return fmt::format("is an option of {}; {} has {}", fmt::join(owners, ", "), chosen.name, fmt::join(own, ", "));
}

const char* name_of(optim::Family family) {
  static constexpr const char* names[] = {"elementwise", "layerwise", "curvature"};
  return names[static_cast<int>(family)];
}

}  // namespace

GivenValue option_value(Options& options, std::string_view name, const Hyperparameter& h, const GivenValue& fallback) {
  switch (h.kind) {
    case Kind::flag:
      return options.get(name, fallback.number() != 0, h.help) ? 1.0 : 0.0;
    case Kind::count:
      return static_cast<double>(options.get(name, static_cast<std::int64_t>(fallback.number()), h.help, check_of(h)));
    case Kind::choice:
      return options.get(name, fallback.text(), h.help, one_of(h.choices));
    case Kind::number:
      break;
  }
  return options.get(name, fallback.number(), h.help, check_of(h));
}

bool ChosenOptimizer::observes() const {
  return std::any_of(recipe.schedules.begin(), recipe.schedules.end(),
                     [](const auto& asked) { return optim::schedule(asked.schedule).observes; });
}

void ChosenOptimizer::forget(const std::string& hyperparameter) {
  std::erase_if(recipe.values, [&](const auto& value) { return value.first == hyperparameter; });
  optimizer = optim::make_optimizer(recipe);
}

void ChosenOptimizer::visit(optim::StateVisitor& visitor) const {
  if (external && !external->why_not_kept.empty()) throw StateNotKept(external->why_not_kept);
  optimizer->visit(visitor);
}

ChosenOptimizer choose_optimizer(Options& options, const std::string& fallback,
                                 const std::vector<MethodDefaults>& defaults, const RandomStream& stream, DType dtype) {
  optim::Recipe recipe;
  recipe.stream = stream;
  recipe.dtype = dtype;
  std::vector<std::string> names = optim::methods().names();
  names.emplace_back(external_name);
  recipe.method = options.get("optimizer", fallback, "the method", one_of(names));
  std::shared_ptr<ExternalCommand> external;
  if (recipe.method == external_name) {
    external = std::make_shared<ExternalCommand>();
    external->command = options.get("external_command", "", "the program that takes the steps, as for sh -c");
    const auto is_asked = [&](const char* control) { return options.given(control); };
    if (external->command.empty() && !is_asked("help") && !is_asked("describe") && !is_asked("list_optimizers"))
      throw UsageError("--optimizer=external: expected --external-command too, as 'python3 my_optimizer.py'");
    recipe.own = external_method(external);
  }
  const optim::Method& chosen = optim::method_of(recipe);
  std::vector<Hyperparameter> all = chosen.hyperparameters;
  for (const Hyperparameter& h : all)
    recipe.values.emplace_back(h.name, option_value(options, h.name, h, default_of(recipe.method, h, defaults)));

  options.explain([method = chosen](const std::string& option) { return why_missing(method, option); });

  const std::string wrappers = options.get(
      "wrappers", "none",
      fmt::format("around the method, outermost first, joined by '+': {}", fmt::join(optim::wrappers().names(), ", ")));
  for (const std::string& name :
       from_options([&] { return optim::parse_wrappers(wrappers); }, fmt::format("--wrappers={}: ", wrappers))) {
    optim::NamedValues values;
    for (const Hyperparameter& h : optim::wrapper(name).hyperparameters) {
      values.emplace_back(h.name, option_value(options, h.name, h, default_of(h)));
      all.push_back(h);
    }
    recipe.wrappers.push_back({name, std::move(values)});
  }
  choose_schedules(options, all, recipe);
  const std::string groups =
      options.get("groups", "none",
                  "other hyperparameters for some parameters: '@bias learning_rate=0.1; *.norm.* "
                  "weight_decay=0' (a tag, or a pattern for names)",
                  written_as(canonical_groups));
  if (groups != "none" && external)
    throw UsageError("--groups: external has no hyperparameters that they could change");
  if (groups != "none") recipe.groups = optim::parse_groups(groups);
  return {recipe.method, optim::make_optimizer(recipe), recipe, external};
}

std::string list_of_optimizers() {
  std::string text = "Optimizers, --optimizer=NAME:\n";
  for (const optim::Method& m : optim::methods())
    text += fmt::format("\n{}", settings::as_text(settings::card_of(m), name_of(m.family)));
  text += fmt::format("\n{}", settings::as_text(settings::card_of(*external_method(nullptr)), "another program"));
  text += "\nWrappers, --wrappers=NAME+NAME, outermost first:\n";
  for (const optim::WrapperKind& w : optim::wrappers())
    text += fmt::format("\n{}", settings::as_text(settings::card_of(w)));
  text += "\nSchedules, --HYPERPARAMETER-schedule=NAME, whose numbers are --HYPERPARAMETER-NUMBER:\n";
  for (const optim::ScheduleKind& s : optim::schedules())
    text += fmt::format("\n{}", settings::as_text(settings::card_of(s)));
  return text;
}

nlohmann::json described_optimizers() {
  nlohmann::json all{{"optimizers", nlohmann::json::array()},
                     {"external", settings::as_json(settings::card_of(*external_method(nullptr)))},
                     {"wrappers", nlohmann::json::array()},
                     {"schedules", nlohmann::json::array()}};
  for (const optim::Method& m : optim::methods()) {
    nlohmann::json one = settings::as_json(settings::card_of(m));
    one["family"] = name_of(m.family);
    one["descends"] = m.about->descends;
    all["optimizers"].push_back(std::move(one));
  }
  for (const optim::WrapperKind& w : optim::wrappers()) all["wrappers"].push_back(as_json(settings::card_of(w)));
  for (const optim::ScheduleKind& s : optim::schedules()) all["schedules"].push_back(as_json(settings::card_of(s)));
  return all;
}

}  // namespace gradus::lab
