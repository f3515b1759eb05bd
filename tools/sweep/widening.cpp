#include "tools/sweep/widening.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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

}  // namespace

std::vector<Widened> Widening::spaces() const {
  std::vector<Widened> wider;
  std::copy_if(spaces_.begin(), spaces_.end(), std::back_inserter(wider),
               [](const Widened& one) { return one.is_wider; });
  return wider;
}

Widened& Widening::space_of(const Winner& winner, const Option& option) {
  for (Widened& space : spaces_)
    if (space.option == option.name && same(space.per, winner.per)) return space;
  return spaces_.emplace_back(Widened{winner.per, option.name, option.drawn->low, option.drawn->high});
}

bool Widening::stretch(OptionList& options, const Winner& winner) {
  bool any = false;
  for (Option& option : options) {
    const auto won = std::find_if(winner.options.begin(), winner.options.end(),
                                  [&](const Choice& choice) { return choice.name == option.name; });
    if (!option.drawn || option.drawn->kind != Distribution::Kind::log_uniform || won == winner.options.end()) continue;
    Widened& space = space_of(winner, option);
    const double place = std::log(won->value.json.get<double>() / space.low) / std::log(space.high / space.low);
    const Widened before = space;
    const double factor = std::min(furthest, space.high / space.low);
    if (place < border) space.low /= factor;
    if (place > 1 - border) space.high *= factor;
    option.drawn->low = space.low;
    option.drawn->high = space.high;
    if (space.low == before.low && space.high == before.high) continue;
    lines_.push_back(fmt::format("{} lies at the border of {:g} to {:g}: drawn again from {:g} to {:g}",
                                 shell_text(Combination{{}, {}, choices_of(winner)}.arguments()), before.low,
                                 before.high, space.low, space.high));
    space.is_wider = any = true;
  }
  return any;
}

std::vector<Combination> Widening::beyond(const Stage& stage, const Choosing& choosing,
                                          const std::vector<Combination>& before) {
  std::vector<Combination> again;
  lines_.clear();
  ++rounds_;
  for (const Winner& winner : choosing.winners)
    for (const Grid& grid : stage.grids) {
      const std::vector<Choice> fixed = fixed_choices(grid, winner), choices = choices_of(winner);
      const auto is_rival = [&](const Combination& combination) { return has(combination, fixed); };
      const std::vector<Combination> of_grid = expand(alone(stage, grid));
      if (std::none_of(of_grid.begin(), of_grid.end(), is_rival)) continue;
      Grid wider = grid;
      bool any = stretch(wider.options, winner);
      for (When& when : wider.whens)
        if (when.condition.holds(choices)) any = stretch(when.options, winner) || any;
      if (!any) continue;
      for (const Combination& combination : before)
        if (is_rival(combination)) replaced_.insert(combination.id);
      wider.draws.seed = grid.draws.seed.value_or(0) + apart * rounds_;
      for (Combination& combination : expand(alone(stage, std::move(wider))))
        if (is_rival(combination)) again.push_back(std::move(combination));
    }
  return again;
}

}  // namespace gradus::sweep
