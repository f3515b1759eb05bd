#include "tools/sweep/widening.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "tools/sweep/command.h"

namespace gradus::sweep {
namespace {

constexpr double border = 0.05;             // the share of the space, in logarithms, that counts as its border
constexpr double furthest = 10;             // times the border
constexpr std::uint64_t apart = 1'000'003;  // between the seeds of rounds, which draw different points

bool same(const std::vector<Choice>& a, const std::vector<Choice>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Choice& one, const Choice& other) {
    return one.name == other.name && one.value.json == other.value.json;
  });
}

bool has(const Combination& combination, const std::vector<Choice>& choices) {
  return std::all_of(choices.begin(), choices.end(), [&](const Choice& choice) {
    const OptionValue* own = combination.find(choice.name);
    return own != nullptr && own->json == choice.value.json;
  });
}

// The stage with one of its grids alone, in which its conditions need not hold.
Stage alone(const Stage& stage, Grid grid) {
  Stage part = stage;
  part.grids = {std::move(grid)};
  part.overridden = true;
  return part;
}

std::vector<Choice> choices_of(const Winner& winner) {
  std::vector<Choice> choices = winner.per;
  choices.insert(choices.end(), winner.options.begin(), winner.options.end());
  return choices;
}

bool draws(const Grid& grid, const std::string& name) {
  const auto drawn = [&](const Option& option) { return option.name == name && option.drawn; };
  return std::any_of(grid.options.begin(), grid.options.end(), drawn) ||
         std::any_of(grid.whens.begin(), grid.whens.end(),
                     [&](const When& when) { return std::any_of(when.options.begin(), when.options.end(), drawn); });
}

// The winner's choices but for what the grid draws.
std::vector<Choice> fixed_choices(const Grid& grid, const Winner& winner) {
  std::vector<Choice> fixed = choices_of(winner);
  std::erase_if(fixed, [&](const Choice& choice) { return draws(grid, choice.name); });
  return fixed;
}

// The grid's combinations, each on its own: what is excluded otherwise may refer to a winner that there is not.
std::vector<Combination> resolved(const Stage& grid, const Widening::Resolve& resolve) {
  std::vector<Combination> combinations;
  for (Combination& written : expand(grid)) try {
      for (Combination& one : resolve({std::move(written)})) combinations.push_back(std::move(one));
    } catch (const UsageError&) {
      continue;
    }
  return combinations;
}

// Whether the grid has the winner, but for what is drawn.
bool may_be_of(const Stage& stage, const Grid& grid, const Winner& winner, const Widening::Resolve& resolve) {
  const std::vector<Choice> fixed = fixed_choices(grid, winner);
  Stage part = alone(stage, grid);
  part.exclusions.clear();  // they may leave nothing of another grid
  const std::vector<Combination> of_grid = resolved(part, resolve);
  return std::any_of(of_grid.begin(), of_grid.end(), [&](const Combination& one) { return has(one, fixed); });
}

const OptionValue* value_of(const Winner& winner, const std::string& option) {
  for (const Choice& choice : winner.options)
    if (choice.name == option && choice.value.json.is_number()) return &choice.value;
  return nullptr;
}

std::optional<Space> space_of_list(const std::string& option, const std::vector<OptionValue>& values) {
  Space space{option, "list", std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
  for (const OptionValue& value : values) {
    if (!value.json.is_number()) return std::nullopt;
    space.low = std::min(space.low, value.json.get<double>());
    space.high = std::max(space.high, value.json.get<double>());
  }
  return values.size() >= 3 ? std::optional(space) : std::nullopt;
}

std::optional<Space> space_as_written(const Option& option) {
  if (!option.drawn) return space_of_list(option.name, option.values);
  const Distribution& drawn = *option.drawn;
  switch (drawn.kind) {
    case Distribution::Kind::uniform:
      return Space{option.name, "uniform", drawn.low, drawn.high};
    case Distribution::Kind::log_uniform:
      return Space{option.name, "log_uniform", drawn.low, drawn.high};
    case Distribution::Kind::integer:
      return Space{option.name, "integer", static_cast<double>(drawn.first), static_cast<double>(drawn.last)};
    case Distribution::Kind::choice:
      break;
  }
  return space_of_list(option.name, drawn.alternatives);
}

}  // namespace

const Space* Widening::widened(const Winner& winner, const std::string& option) const {
  for (const auto& [per, space] : widened_)
    if (space.option == option && same(per, winner.per)) return &space;
  return nullptr;
}

bool Widening::stretch(OptionList& options, const Winner& winner) {
  bool any = false;
  for (Option& option : options) {
    const OptionValue* won = value_of(winner, option.name);
    if (!option.drawn || option.drawn->kind != Distribution::Kind::log_uniform || won == nullptr) continue;
    const Space* known = widened(winner, option.name);
    Space space = known != nullptr ? *known : *space_as_written(option);
    const double place = std::log(won->json.get<double>() / space.low) / std::log(space.high / space.low);
    if (place < border || place > 1 - border) {
      const Space before = space;
      const double factor = std::min(furthest, space.high / space.low);
      (place < border ? space.low : space.high) = place < border ? space.low / factor : space.high * factor;
      space.is_wider = any = true;
      lines_.push_back(fmt::format("{} lies at the border of {:g} to {:g}: drawn again from {:g} to {:g}",
                                   shell_text(Combination{{}, {}, choices_of(winner)}.arguments()), before.low,
                                   before.high, space.low, space.high));
      std::erase_if(widened_,
                    [&](const auto& one) { return one.second.option == option.name && same(one.first, winner.per); });
      widened_.emplace_back(winner.per, space);
    }
    option.drawn->low = space.low;
    option.drawn->high = space.high;
  }
  return any;
}

std::vector<Space> Widening::spaces_of(const Stage& stage, const Winner& winner, const Resolve& resolve) const {
  std::vector<Space> spaces;
  for (const Grid& grid : stage.grids) {
    if (!may_be_of(stage, grid, winner, resolve)) continue;
    const auto add = [&](const OptionList& options) {
      for (const Option& option : options) {
        const bool tuned = std::any_of(winner.tuned.begin(), winner.tuned.end(),
                                       [&](const Choice& choice) { return choice.name == option.name; });
        const Space* known = widened(winner, option.name);
        const auto space = known != nullptr ? std::optional(*known) : space_as_written(option);
        if (tuned && space) spaces.push_back(*space);
      }
    };
    add(grid.options);
    for (const When& when : grid.whens)
      if (when.condition.holds(choices_of(winner))) add(when.options);
  }
  return spaces;
}

std::vector<Combination> Widening::beyond(const Stage& stage, const Choosing& choosing,
                                          const std::vector<Combination>& before, const Resolve& resolve) {
  std::vector<Combination> again;
  lines_.clear();
  ++rounds_;
  for (const Winner& winner : choosing.winners)
    for (const Grid& grid : stage.grids) {
      const std::vector<Choice> fixed = fixed_choices(grid, winner), choices = choices_of(winner);
      const auto is_rival = [&](const Combination& combination) { return has(combination, fixed); };
      if (!may_be_of(stage, grid, winner, resolve)) continue;
      Grid wider = grid;
      bool any = stretch(wider.options, winner);
      for (When& when : wider.whens)
        if (when.condition.holds(choices)) any = stretch(when.options, winner) || any;
      if (!any) continue;
      for (const Combination& combination : before)
        if (is_rival(combination)) replaced_.insert(combination.id);
      wider.draws.seed = grid.draws.seed.value_or(0) + apart * rounds_;
      for (Combination& combination : resolved(alone(stage, std::move(wider)), resolve))
        if (is_rival(combination)) again.push_back(std::move(combination));
    }
  return again;
}

}  // namespace gradus::sweep
