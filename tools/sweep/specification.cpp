#include "tools/sweep/specification.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "settings/parse.h"

namespace gradus::sweep {
namespace {

Option* find(OptionList& options, const std::string& name) {
  const auto found = std::find_if(options.begin(), options.end(), [&](const Option& o) { return o.name == name; });
  return found == options.end() ? nullptr : &*found;
}

// All that the stage's combinations may have under this name.
std::vector<const Option*> options_named(const Stage& stage, const std::string& name) {
  std::vector<const Option*> named;
  const auto add = [&](const OptionList& options) {
    for (const Option& option : options)
      if (option.name == name) named.push_back(&option);
  };
  for (const Grid& grid : stage.grids) {
    add(grid.options);
    for (const When& when : grid.whens) add(when.options);
  }
  return named;
}

bool may_be(const Option& option, const OptionValue& value) {
  if (option.drawn) return option.drawn->may_be(value);
  return std::any_of(option.values.begin(), option.values.end(), [&](const OptionValue& one) {
    return one.json == value.json || one.text.starts_with('{');  // an earlier stage's, not known now
  });
}

void check(const Stage& stage, const Condition& condition) {
  for (const Condition::Term& term : condition.terms) {
    const std::vector<const Option*> named = options_named(stage, term.option);
    if (named.empty())
      throw UsageError(
          fmt::format("{}: no option {} in this sweep: expected one that is given", condition.where, term.option));
    for (const OptionValue& value : term.values)
      if (std::none_of(named.begin(), named.end(), [&](const Option* option) { return may_be(*option, value); }))
        throw UsageError(
            fmt::format("{}: {} is never {}: expected a value that it has", condition.where, term.option, value.text));
  }
}

// Takes these options out of the grid, into a condition of their own. False if it has none of them.
bool restrict_to(Grid& grid, const Only& only) {
  When when{only.condition, {}};
  for (const std::string& name : only.options) {
    const Option* option = find(grid.options, name);
    if (option == nullptr) continue;
    when.options.push_back(*option);
    std::erase_if(grid.options, [&](const Option& o) { return o.name == name; });
  }
  if (when.options.empty()) return false;
  grid.whens.push_back(std::move(when));
  return true;
}

bool zip_together(Grid& grid, const std::vector<std::string>& names) {
  if (!std::all_of(names.begin(), names.end(), [&](const std::string& name) { return find(grid.options, name); }))
    return false;
  grid.zips.push_back(names);
  return true;
}

void choose_stopping(Specification& specification, const std::string& text) {
  if (text == "none") {
    for (Stage& stage : specification.stages) stage.stopping.reset();
    return;
  }
  if (specification.stages.size() > 1)
    throw UsageError(fmt::format("--stopping={}: there are stages: expected stopping = {{...}} in those meant", text));
  specification.stages.front().stopping = parse_stopping(text, "--stopping");
}

// Settings are compared as those of which the winner is chosen, unless the rule says otherwise.
void fit_to_stage(StoppingRule& rule, const Stage& stage) {
  if (stage.select && !rule.says_per) rule.per = stage.select->per;
  if (stage.select && !rule.says_over) rule.over = stage.select->over;
  for (const Option* fork : options_named(stage, "fork"))
    for (const OptionValue& value : fork->values) {
      const std::size_t at = value.text.rfind('@');
      const auto step =
          at == value.text.npos ? std::nullopt : settings::number_in<std::int64_t>(value.text.substr(at + 1));
      if (step && rule.next_rung(0) <= step)
        throw UsageError(fmt::format("stopping: the first rung is at step {}: expected one after that of the fork {}",
                                     *rule.next_rung(0), value.text));
    }
}

}  // namespace

std::size_t listed_values(const OptionList& options) {
  std::size_t values = 0;
  for (const Option& option : options) values += std::max<std::size_t>(1, option.values.size());
  return values;
}

std::size_t listed_values(const Grid& grid) {
  std::size_t values = listed_values(grid.options);
  for (const When& when : grid.whens) values += listed_values(when.options);
  return values;
}

void require_bounded(const OptionList& options, const std::string& where) {
  if (options.size() > max_options) throw UsageError(fmt::format("{}: more than {} options", where, max_options));
  if (listed_values(options) > max_listed)
    throw UsageError(fmt::format("{}: more than {} values in all", where, max_listed));
}

Option parse_option(std::string name, std::string_view text, const std::string& where) {
  Option option{std::move(name)};
  option.drawn = parse_distribution(text, where);
  if (!option.drawn) option.values = parse_list(text, where);
  return option;
}

OptionList parse_arguments(const std::vector<std::string>& arguments) {
  OptionList options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!argument.starts_with("--") || argument.size() == 2)
      throw UsageError(fmt::format("'{}' after --: expected an option --name=values", argument));
    const std::size_t equals = argument.find('=');
    Option option;
    const std::string name = canonical_name(std::string_view(argument).substr(0, equals));
    const std::string where = "option " + argument.substr(0, equals);
    if (equals != argument.npos) {
      option = parse_option(name, std::string_view(argument).substr(equals + 1), where);
    } else if (i + 1 < arguments.size() && !arguments[i + 1].starts_with("--")) {
      option = parse_option(name, arguments[++i], where);
    } else {
      option = {name, {make_value("true")}};
      option.values.back().bare_flag = true;
    }
    if (find(options, name) != nullptr) throw UsageError(fmt::format("{}: given twice", where));
    options.push_back(std::move(option));
    require_bounded(options, where);
  }
  return options;
}

void override_options(Grid& grid, const OptionList& overrides) {
  for (const Option& option : overrides) {
    if (Option* found = find(grid.options, option.name)) {
      *found = option;
      continue;
    }
    bool somewhere = false;
    for (When& when : grid.whens)
      if (Option* found = find(when.options, option.name)) {
        *found = option;
        somewhere = true;
      }
    if (!somewhere) grid.options.push_back(option);
  }
}

void apply(Specification& specification, const SearchOptions& search) {
  const auto in_some_grid = [&](auto&& change) {
    bool changed = false;
    for (Stage& stage : specification.stages)
      for (Grid& grid : stage.grids) changed = change(grid) || changed;
    return changed;
  };
  for (const std::string& text : search.zips) {
    std::vector<std::string> names;
    for (const std::string& name : split(text, ',')) names.push_back(canonical_name(trim(name)));
    if (names.size() < 2) throw UsageError(fmt::format("--zip={}: expected two options or more", text));
    if (!in_some_grid([&](Grid& grid) { return zip_together(grid, names); }))
      throw UsageError(fmt::format("--zip={}: expected options that are given", text));
  }
  for (const std::string& text : search.only) {
    const Only only = parse_only(text, fmt::format("--only={}", text));
    for (const std::string& name : only.options)
      if (!in_some_grid([&](Grid& grid) { return find(grid.options, name) != nullptr; }))
        throw UsageError(fmt::format("--only={}: no option {} is given", text, name));
    in_some_grid([&](Grid& grid) { return restrict_to(grid, only); });
  }
  const bool any_draw = std::any_of(specification.stages.begin(), specification.stages.end(), draws_anything);
  const Draws& draws = search.draws;
  if ((draws.count || draws.seed || draws.method) && !any_draw)
    throw UsageError("--draws: no option is drawn: expected one like --learning-rate='log_uniform(1e-4,1)'");
  for (Stage& stage : specification.stages) {
    if (draws_anything(stage))
      for (Grid& grid : stage.grids) grid.draws.override_by(draws);
    for (const std::string& text : search.exclude)
      stage.exclusions.push_back(parse_condition(text, fmt::format("--exclude={}", text)));
    if (search.limit) stage.limit = search.limit;
    if (!search.only.empty() || !search.exclude.empty()) check_conditions(stage);
  }
  if (!search.stopping.empty()) choose_stopping(specification, search.stopping);
  for (Stage& stage : specification.stages)
    if (stage.stopping) fit_to_stage(*stage.stopping, stage);
}

void check_conditions(const Stage& stage) {
  if (stage.overridden) return;
  for (const Condition& condition : stage.exclusions) check(stage, condition);
  for (const Grid& grid : stage.grids)
    for (const When& when : grid.whens) check(stage, when.condition);
}

bool draws_anything(const Stage& stage) {
  const auto drawn = [](const OptionList& options) {
    return std::any_of(options.begin(), options.end(), [](const Option& option) { return option.drawn.has_value(); });
  };
  return std::any_of(stage.grids.begin(), stage.grids.end(), [&](const Grid& grid) {
    return drawn(grid.options) ||
           std::any_of(grid.whens.begin(), grid.whens.end(), [&](const When& when) { return drawn(when.options); });
  });
}

}  // namespace gradus::sweep
