#include "tools/sweep/combinations.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <unordered_set>

#include "experiments/records/completion.h"

namespace gradus::sweep {
namespace {

// A combination on the way, with the number of its draw where one of its options is drawn.
struct Partial {
  std::vector<Choice> choices;
  std::optional<std::int64_t> draw = {};
};

std::vector<std::string> drawn_names(const Grid& grid) {
  std::vector<std::string> names;
  const auto add = [&](const OptionList& options) {
    for (const Option& option : options)
      if (option.drawn && std::find(names.begin(), names.end(), option.name) == names.end())
        names.push_back(option.name);
  };
  add(grid.options);
  for (const When& when : grid.whens) add(when.options);
  return names;
}

class Expansion {
 public:
  explicit Expansion(const Grid& grid) : grid_(grid), sampler_(grid.draws, drawn_names(grid)) {
    if (const std::vector<std::string> drawn = drawn_names(grid); !drawn.empty() && !grid.draws.count)
      throw UsageError(
          fmt::format("option {} is drawn: expected a number of draws, --draws=N or draws = {{count = N}}", drawn[0]));
  }

  // `held` counts for each condition of the grid in how many combinations it held.
  std::vector<Partial> all(std::vector<std::size_t>& held) {
    std::vector<Partial> partials(1);
    for (const Option& option : grid_.options) partials = with(std::move(partials), option);
    for (std::size_t i = 0; i < grid_.whens.size(); ++i) {
      const When& when = grid_.whens[i];
      std::vector<Partial> extended;
      for (Partial& partial : partials) {
        std::vector<Partial> one;
        one.push_back(std::move(partial));
        if (when.condition.holds(one[0].choices)) {
          ++held[i];
          for (const Option& option : when.options) one = with(std::move(one), option);
        }
        extended.insert(extended.end(), std::make_move_iterator(one.begin()), std::make_move_iterator(one.end()));
        check_count(extended.size(), 1, when.options[0].name);
      }
      partials = std::move(extended);
    }
    return partials;
  }

 private:
  static void check_count(std::size_t combinations, std::size_t values, const std::string& option) {
    if (combinations * values > static_cast<std::size_t>(max_values))  // both at most max_values before: no overflow
      throw UsageError(fmt::format("the grid has more than {} combinations (at option {})", max_values, option));
  }

  std::vector<Partial> with(std::vector<Partial> partials, const Option& option) const {
    for (const Partial& partial : partials)
      for (const Choice& choice : partial.choices)
        if (choice.name == option.name && !in_zip(option.name))
          throw UsageError(fmt::format("option {}: given twice in a combination", option.name));
    if (option.drawn) return drawn(std::move(partials), option);
    const std::vector<const Option*> together = zipped_with(option);
    if (together.empty()) return partials;  // came with the first of its zip
    std::vector<Partial> extended;
    check_count(partials.size(), option.values.size(), option.name);
    for (const Partial& partial : partials)
      for (std::size_t i = 0; i < option.values.size(); ++i) {
        extended.push_back(partial);
        for (const Option* one : together) extended.back().choices.push_back({one->name, one->values[i]});
      }
    return extended;
  }

  std::vector<Partial> drawn(std::vector<Partial> partials, const Option& option) const {
    if (in_zip(option.name)) throw UsageError(fmt::format("option {}: a draw cannot be zipped", option.name));
    std::vector<Partial> extended;
    for (Partial& partial : partials) {
      if (partial.draw) {
        extended.push_back(std::move(partial));
        continue;
      }
      check_count(extended.size() + static_cast<std::size_t>(sampler_.count()), 1, option.name);
      for (std::int64_t number = 0; number < sampler_.count(); ++number) extended.push_back({partial.choices, number});
    }
    for (Partial& partial : extended)
      partial.choices.push_back({option.name, option.drawn->at(sampler_.at(option.name, *partial.draw))});
    return extended;
  }

  const std::vector<std::string>* zip_of(const std::string& name) const {
    for (const std::vector<std::string>& zip : grid_.zips)
      if (std::find(zip.begin(), zip.end(), name) != zip.end()) return &zip;
    return nullptr;
  }
  bool in_zip(const std::string& name) const { return zip_of(name) != nullptr; }

  // The options whose lists run with this one's, itself among them; none if another of them comes before it.
  std::vector<const Option*> zipped_with(const Option& option) const {
    const std::vector<std::string>* zip = zip_of(option.name);
    if (zip == nullptr) return {&option};
    std::vector<const Option*> together;
    for (const Option& one : grid_.options)
      if (std::find(zip->begin(), zip->end(), one.name) != zip->end()) together.push_back(&one);
    for (const Option* one : together)
      if (one->drawn)
        throw UsageError(fmt::format("option {}: a draw cannot be zipped", one->name));
      else if (one->values.size() != together[0]->values.size())
        throw UsageError(fmt::format("zip: {} has {} values and {} has {}: expected lists of one length",
                                     together[0]->name, together[0]->values.size(), one->name, one->values.size()));
    return together[0]->name == option.name ? together : std::vector<const Option*>{};
  }

  const Grid& grid_;
  Sampler sampler_;
};

// What may come by chance is no slip of the pen.
bool is_drawn(const Stage& stage, const Condition& condition) {
  return std::any_of(condition.terms.begin(), condition.terms.end(), [&](const Condition::Term& term) {
    return std::any_of(stage.grids.begin(), stage.grids.end(), [&](const Grid& grid) {
      const std::vector<std::string> drawn = drawn_names(grid);
      return std::find(drawn.begin(), drawn.end(), term.option) != drawn.end();
    });
  });
}

void refuse_idle(const Stage& stage, const Condition& condition, std::size_t count) {
  if (count == 0 && !stage.overridden && !is_drawn(stage, condition))
    throw UsageError(fmt::format("{}: holds in no combination", condition.where));
}

}  // namespace

nlohmann::json Combination::options() const {
  nlohmann::json object = nlohmann::json::object();
  for (const Choice& choice : choices) object[choice.name] = choice.value.json;
  return object;
}

std::vector<std::string> Combination::arguments() const {
  std::vector<std::string> arguments;
  for (const Choice& choice : choices) {
    std::string name = choice.name;
    std::replace(name.begin(), name.end(), '_', '-');
    arguments.push_back(choice.value.bare_flag ? "--" + name : fmt::format("--{}={}", name, choice.value.text));
  }
  return arguments;
}

const OptionValue* Combination::find(std::string_view name) const {
  for (const std::vector<Choice>* list : {&choices, &inherited})
    for (const Choice& choice : *list)
      if (choice.name == name) return &choice.value;
  return nullptr;
}

std::vector<Combination> expand(const Stage& stage) {
  std::vector<Combination> combinations;
  std::vector<std::size_t> excluded(stage.exclusions.size(), 0);
  std::vector<const Condition*> whens;  // of all grids; one written for several stands in each
  std::vector<std::size_t> held;
  for (const Grid& grid : stage.grids) {
    std::vector<std::size_t> held_here(grid.whens.size(), 0);
    for (Partial& partial : Expansion(grid).all(held_here)) {
      bool out = false;
      for (std::size_t i = 0; i < stage.exclusions.size(); ++i)
        if (stage.exclusions[i].holds(partial.choices)) {
          ++excluded[i];
          out = true;
        }
      if (!out) combinations.push_back({{}, {}, std::move(partial.choices)});
    }
    for (std::size_t i = 0; i < grid.whens.size(); ++i) {
      const auto same = std::find_if(whens.begin(), whens.end(),
                                     [&](const Condition* one) { return one->where == grid.whens[i].condition.where; });
      if (same == whens.end()) {
        whens.push_back(&grid.whens[i].condition);
        held.push_back(held_here[i]);
      } else {
        held[static_cast<std::size_t>(same - whens.begin())] += held_here[i];
      }
    }
  }
  for (std::size_t i = 0; i < whens.size(); ++i) refuse_idle(stage, *whens[i], held[i]);
  for (std::size_t i = 0; i < excluded.size(); ++i) refuse_idle(stage, stage.exclusions[i], excluded[i]);
  if (combinations.empty()) throw UsageError("every combination is excluded");
  return combinations;
}

int threads_of(const Combination& combination) {
  const OptionValue* told = combination.find("threads");
  if (told == nullptr || !told->json.is_number_integer()) return 1;
  return static_cast<int>(std::clamp<std::int64_t>(told->json.get<std::int64_t>(), 1, std::numeric_limits<int>::max()));
}

int most_threads(const std::vector<Combination>& combinations) {
  int threads = 1;
  for (const Combination& combination : combinations) threads = std::max(threads, threads_of(combination));
  return threads;
}

void identify(std::vector<Combination>& combinations, const std::string& program) {
  std::unordered_set<std::string> seen;
  for (Combination& combination : combinations)
    combination.id = records::config_hash_of(program, combination.options());
  std::erase_if(combinations, [&](const Combination& combination) { return !seen.insert(combination.id).second; });
}

}  // namespace gradus::sweep
