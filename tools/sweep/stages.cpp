#include "tools/sweep/stages.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "experiments/records/checkpoint.h"
#include "experiments/records/program.h"
#include "experiments/records/sealed.h"
#include "settings/parse.h"
#include "tools/sweep/command.h"
#include "tools/sweep/contests.h"
#include "tools/sweep/shared_file.h"

namespace gradus::sweep {
namespace {

using nlohmann::json;

// `{stage}` or `{stage}@step`.
struct Reference {
  std::string stage;
  std::optional<std::int64_t> step;
};

std::optional<Reference> reference_in(const std::string& text) {
  const std::size_t close = text.find('}');
  if (!text.starts_with('{') || close == text.npos) return std::nullopt;
  Reference reference{text.substr(1, close - 1), {}};
  if (close + 1 == text.size()) return reference;
  if (text[close + 1] == '@') reference.step = settings::number_in<std::int64_t>(text.substr(close + 2));
  if (!reference.step || *reference.step < 0)
    throw UsageError(fmt::format("'{}': expected {{STAGE}} or {{STAGE}}@STEP", text));
  return reference;
}

json json_of(const std::vector<Choice>& choices) {
  json object = json::object();
  for (const Choice& choice : choices) object[choice.name] = choice.value.json;
  return object;
}

template <class Function>
void for_each_option(const Stage& stage, Function&& call) {
  for (const Grid& grid : stage.grids) {
    for (const Option& option : grid.options) call(option);
    for (const When& when : grid.whens)
      for (const Option& option : when.options) call(option);
  }
}

const Winner* winner_for(const Choosing& choosing, const Combination& combination) {
  for (const Winner& winner : choosing.winners)
    if (std::all_of(winner.per.begin(), winner.per.end(), [&](const Choice& choice) {
          const OptionValue* own = combination.find(choice.name);
          return own != nullptr && own->json == choice.value.json;
        }))
      return &winner;
  return nullptr;
}

// The steps of a fork and of those that it comes from.
Choice fork_step_after(const Combination& parent, std::int64_t step) {
  const OptionValue* before = parent.find(fork_step_option);
  if (before == nullptr) return {fork_step_option, {fmt::to_string(step), step}};
  json steps = before->json.is_array() ? before->json : json::array({before->json});
  steps.push_back(step);
  return {fork_step_option, {fmt::format("{},{}", before->text, step), std::move(steps)}};
}

// Why it was chosen, but for the rest of the sentence.
std::string reason_of(const Winner& winner, const Choosing& choosing) {
  if (!winner.has_arrived) return fmt::format("is reached by none: the first of {}", winner.settings);
  return fmt::format("{:.6g}, the {} of {}", winner.value, choosing.better == "lower" ? "lowest" : "highest",
                     winner.settings);
}

std::string means_of(const Winner& winner) {
  if (winner.most < 2) return "";
  if (winner.fewest == winner.most) return fmt::format(" means of {} runs", winner.most);
  return fmt::format(" means of {} to {} runs", winner.fewest, winner.most);
}

}  // namespace

Stages::Stages(const Specification& specification, std::filesystem::path output)
    : specification_(specification), output_(std::move(output)), known_(specification.stages.size()) {
  for (std::size_t i = 0; i < count(); ++i) {
    if (at(i).name.empty()) continue;  // without stages there is nothing to refer to
    for_each_option(at(i), [&](const Option& option) {
      for (const OptionValue& value : option.values) check_reference(i, option.name, value.text);
    });
  }
}

std::size_t Stages::earlier(const std::string& name, std::size_t stage, const std::string& option) const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < stage; ++i) {
    if (at(i).name == name) return i;
    names.push_back(at(i).name);
  }
  throw UsageError(
      fmt::format("stage {}: option {}: no earlier stage '{}': expected {}", at(stage).name, option, name,
                  names.empty() ? "none in the first stage" : fmt::format("{}", fmt::join(names, " or "))));
}

void Stages::check_reference(std::size_t stage, const std::string& option, const std::string& text) {
  const auto reference = reference_in(text);
  if (!reference) return;
  const std::string where = fmt::format("stage {}: option {}", at(stage).name, option);
  const std::size_t other = earlier(reference->stage, stage, option);
  known_[stage].refers = true;
  if ((option == fork_option) != reference->step.has_value())
    throw UsageError(fmt::format("{}: '{}': expected {}", where, text,
                                 reference->step ? "a step of a run in the option fork alone" : "{STAGE}@STEP"));
  if (reference->step) {
    known_[other].forked_at.insert(*reference->step);
    return;
  }
  if (!at(other).select)
    throw UsageError(
        fmt::format("{}: stage {} has no winner: expected select = {{by = ...}} there", where, reference->stage));
  bool there = false;
  for_each_option(at(other), [&](const Option& one) { there = there || one.name == option; });
  const auto in = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), option) != names.end();
  };
  if (!there || in(at(other).select->per) || in(at(other).select->over))
    throw UsageError(fmt::format("{}: '{}': its winner has no such option", where, text));
}

// The winner's value in place of each reference to one whose `per` is known; an option that it has not goes.
void Stages::take_winners(std::size_t stage, Combination& combination) const {
  std::vector<Choice> choices;
  for (const Choice& choice : combination.choices) {
    const auto reference = reference_in(choice.value.text);
    if (!reference || reference->step) {
      choices.push_back(choice);
      continue;
    }
    const Choosing& choosing = known_[earlier(reference->stage, stage, choice.name)].choosing;
    const Winner* winner = winner_for(choosing, combination);
    if (winner == nullptr) {
      choices.push_back(choice);
      continue;
    }
    for (const Choice& won : winner->options)
      if (won.name == choice.name) choices.push_back(won);
  }
  combination.choices = std::move(choices);
}

// What was stopped early is out, and what has diverged has no later step.
bool Stages::can_be_forked(const Known& trunk, std::size_t run, std::int64_t step) const {
  if (run >= trunk.statuses.size()) return true;
  const std::string& status = trunk.statuses[run];
  std::error_code error;
  return status != pruned_status &&
         (status != "diverged" ||
          std::filesystem::exists(records::kept_checkpoint(output_ / trunk.folders[run], step), error));
}

// One for each run of the other stage that it is a fork of.
std::vector<Combination> Stages::forks_of(std::size_t stage, const Combination& combination) const {
  const auto fork = std::find_if(combination.choices.begin(), combination.choices.end(),
                                 [](const Choice& choice) { return choice.name == fork_option; });
  const auto reference = fork == combination.choices.end() ? std::nullopt : reference_in(fork->value.text);
  if (!reference) return {combination};
  const Known& trunk = known_[earlier(reference->stage, stage, fork_option)];
  bool is_gone = false;              // a run that has these values, but not the step
  std::vector<const Choice*> asked;  // what some of its runs have
  for (const Choice& choice : combination.choices)
    if (std::any_of(trunk.combinations.begin(), trunk.combinations.end(), [&](const Combination& parent) {
          const OptionValue* value = parent.find(choice.name);
          return value != nullptr && value->json == choice.value.json;
        }))
      asked.push_back(&choice);
  std::vector<Combination> forks;
  for (std::size_t i = 0; i < trunk.combinations.size(); ++i) {
    const Combination& parent = trunk.combinations[i];
    const bool agrees = std::all_of(asked.begin(), asked.end(), [&](const Choice* choice) {
      const OptionValue* value = parent.find(choice->name);
      return value != nullptr && value->json == choice->value.json;
    });
    if (!agrees) continue;
    if (!can_be_forked(trunk, i, *reference->step)) {
      is_gone = true;
      continue;
    }
    Combination child = combination;
    for (const std::vector<Choice>* list : {&parent.choices, &parent.inherited})
      for (const Choice& choice : *list)
        if (choice.name != fork_option && choice.name != fork_step_option && child.find(choice.name) == nullptr)
          child.inherited.push_back(choice);
    child.inherited.push_back(fork_step_after(parent, *reference->step));
    if (i < trunk.folders.size()) {
      Choice& own = child.choices[static_cast<std::size_t>(fork - combination.choices.begin())];
      own.value.text = fmt::format("{}@{}", (output_ / trunk.folders[i]).string(), *reference->step);
      own.value.json =
          fmt::format("{}@{}", parent.config_hash.empty() ? parent.id : parent.config_hash, *reference->step);
    }
    forks.push_back(std::move(child));
  }
  if (forks.empty() && !is_gone)
    throw UsageError(fmt::format("stage {}: {}: no run of stage {} has these values together", at(stage).name,
                                 shell_text(combination.arguments()), reference->stage));
  return forks;
}

// `written` as a stage's grids spell them out, with what they refer to in its place.
std::vector<Combination> Stages::resolve(std::size_t stage, const std::vector<Combination>& written) const {
  std::vector<Combination> combinations;
  for (Combination one : written) {
    if (known_[stage].refers) take_winners(stage, one);
    for (Combination& combination : known_[stage].refers ? forks_of(stage, one) : std::vector{one}) {
      if (known_[stage].refers) take_winners(stage, combination);  // of what is inherited
      for (const Choice& choice : combination.choices)
        if (known_[stage].refers && choice.name != fork_option && reference_in(choice.value.text))
          throw UsageError(fmt::format("stage {}: {}: {} has no winner for these values", at(stage).name,
                                       shell_text(combination.arguments()), choice.value.text));
      keep_states(stage, combination);
      combinations.push_back(std::move(combination));
    }
  }
  return combinations;
}

// Those that later stages fork from.
void Stages::keep_states(std::size_t stage, Combination& combination) const {
  if (!known_[stage].forked_at.empty())
    combination.controls.push_back(fmt::format("--checkpoint-at={}", fmt::join(known_[stage].forked_at, ",")));
  if (at(stage).stopping) combination.first_stop = at(stage).stopping->next_rung(0);
}

std::vector<Combination> Stages::provisional(std::size_t stage) const {
  std::vector<Combination> combinations = resolve(stage, expand(at(stage)));
  if (!known_[stage].refers) return combinations;
  for (Combination& combination : combinations) {
    const bool forks = std::erase_if(combination.choices, [](const Choice& choice) {
      return choice.name == fork_option && reference_in(choice.value.text).has_value();
    });
    if (forks) std::erase_if(combination.choices, [](const Choice& choice) { return choice.name == "reseed"; });
    std::erase_if(combination.inherited, [](const Choice& choice) { return choice.name == fork_step_option; });
    combination.choices.insert(combination.choices.end(), combination.inherited.begin(), combination.inherited.end());
    combination.inherited.clear();
  }
  return combinations;
}

void Stages::presume(std::size_t stage, std::vector<Combination> combinations) {
  if (at(stage).select) known_[stage].choosing.winners = presumed_winners(*at(stage).select, combinations);
  known_[stage].combinations = std::move(combinations);
}

std::vector<Combination> Stages::resolved(std::size_t stage) const {
  if (!known_[stage].refers) return known_[stage].combinations;
  std::vector<Combination> combinations = resolve(stage, expand(at(stage)));
  if (combinations.empty())
    throw std::runtime_error(
        fmt::format("stage {}: nothing to run: each run that it would fork was stopped early, or "
                    "diverged before that step",
                    at(stage).name));
  return combinations;
}

std::vector<std::string> Stages::conclude(std::size_t stage, std::vector<Combination> combinations,
                                          const std::vector<RunRow>& rows) {
  Known& known = known_[stage];
  known.combinations = std::move(combinations);
  if (known.written == 0) known.written = known.combinations.size();
  known.folders.clear();
  known.statuses.clear();
  for (const RunRow& row : rows) {
    known.folders.push_back(row.id);
    known.statuses.push_back(row.status);
  }
  std::size_t gone = 0;
  for (std::size_t run = 0; run < rows.size(); ++run)
    gone +=
        std::ranges::any_of(known.forked_at, [&](const std::int64_t step) { return !can_be_forked(known, run, step); });
  if (gone > 0)
    records::complain("sweep",
                      fmt::format("stage {}: {} of {} runs were stopped early, or diverged before a step that is "
                                  "forked: they are not forked there",
                                  at(stage).name, gone, rows.size()));
  if (!at(stage).select) return {};
  try {
    std::vector<Combination> rivals;
    std::vector<RunRow> theirs;
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (!known.widening.replaced(known.combinations[i])) {
        rivals.push_back(known.combinations[i]);
        theirs.push_back(rows[i]);
      }
    known.choosing = choose_winners(*at(stage).select, rivals, theirs, output_);
  } catch (const UsageError&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(fmt::format("stage {}: {}", at(stage).name, error.what()));
  }
  for (const std::string& note : known.choosing.notes)
    records::complain("sweep", fmt::format("stage {}: {}", at(stage).name, note));
  std::vector<std::string> lines;
  for (const Winner& winner : known.choosing.winners)
    lines.push_back(fmt::format(
        "winner{}{}: {} ({}/{}{} {}{}{})", winner.per.empty() ? "" : " of ", shell_text(texts_of(winner.per)),
        shell_text(texts_of(winner.tuned.empty() ? winner.options : winner.tuned)), known.choosing.table,
        known.choosing.column, at(stage).select->by.statistic_text(), reason_of(winner, known.choosing),
        means_of(winner), winner.pruned > 0 ? fmt::format("; {} settings were stopped early", winner.pruned) : ""));
  return lines;
}

std::vector<Combination> Stages::beyond(std::size_t stage) {
  if (!at(stage).select) return {};
  const Known& known = known_[stage];
  Choosing choosing = known.choosing;
  std::erase_if(choosing.winners, [](const Winner& winner) { return !winner.has_arrived; });  // nothing tells where
  return known_[stage].widening.beyond(
      at(stage), choosing, known.combinations,
      [&](const std::vector<Combination>& written) { return resolve(stage, written); });
}

void Stages::write(const std::string& program) const {
  json stages = json::array();
  for (std::size_t i = 0; i < count(); ++i) {
    const Known& known = known_[i];
    if (known.folders.empty()) break;
    json stage = {{"name", at(i).name}, {"runs", known.folders}};
    if (at(i).select) {
      stage["selected_by"] = {{"table", known.choosing.table},
                              {"column", known.choosing.column},
                              {"statistic", at(i).select->by.statistic},
                              {"better", known.choosing.better},
                              {"per", at(i).select->per},
                              {"over", at(i).select->over}};
      if (at(i).select->by.is_time()) stage["selected_by"]["target"] = at(i).select->by.target;
      for (const Winner& winner : known.choosing.winners) {
        json spaces = json::object();
        for (const Space& space : known.widening.spaces_of(
                 at(i), winner, [&](const std::vector<Combination>& written) { return resolve(i, written); }))
          spaces[space.option] = {
              {"kind", space.kind}, {"low", space.low}, {"high", space.high}, {"widened", space.is_wider}};
        stage["winners"].push_back({{"per", json_of(winner.per)},
                                    {"options", json_of(winner.options)},
                                    {"tuned", json_of(winner.tuned)},
                                    {"value", winner.value},
                                    {"runs", winner.runs},
                                    {"settings", winner.settings},
                                    {"settings_left_out", winner.out},
                                    {"settings_pruned", winner.pruned},
                                    {"spaces", spaces}});
        if (at(i).select->by.is_time()) stage["winners"].back()["has_arrived"] = winner.has_arrived;
      }
      for (std::size_t run = 0; run < known.folders.size(); ++run) {
        if (run >= known.written) stage["added"].push_back(known.folders[run]);
        if (known.widening.replaced(known.combinations[run])) stage["replaced"].push_back(known.folders[run]);
      }
    }
    stages.push_back(std::move(stage));
  }
  write_shared(output_, output_ / stages_file,
               records::sealed_text({{"schema", records::schema_version}, {"program", program}, {"stages", stages}}));
}

}  // namespace gradus::sweep
