#include "tools/sweep/winners.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>

#include "tools/sweep/command.h"
#include "tools/sweep/contests.h"

namespace gradus::sweep {
namespace fs = std::filesystem;

namespace {

using records::Better;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<Choice> tuned_options(const WinnerRule& rule, const Combination& combination) {
  std::vector<Choice> options = setting_of(combination, rule.over);
  std::erase_if(options, [&](const Choice& choice) { return contains(rule.per, choice.name); });
  return options;
}

bool differs(const Contest& contest, const std::vector<Combination>& combinations, const Choice& choice) {
  return std::any_of(contest.settings.begin(), contest.settings.end(), [&](const auto& setting) {
    const OptionValue* value = combinations[setting.front()].find(choice.name);
    return value == nullptr || value->json != choice.value.json;
  });
}

// What the runs of a contest have come to, by their places: NaN of one that has not completed. Who has not come to the
// target of a time counts with the most values that one of them has, not with its own: the shorter is not the sooner.
struct Outcomes {
  std::map<std::size_t, double> values;
  std::set<std::size_t> late;
};

Outcomes outcomes_of(const Contest& contest, const std::vector<RunRow>& rows, const fs::path& output,
                     const std::string& statistic, MetricReader& reader) {
  Outcomes outcomes;
  std::size_t most = 0;
  for (const std::vector<std::size_t>& setting : contest.settings)
    for (const std::size_t run : setting) {
      double& value = outcomes.values[run] = std::nan("");
      if (rows[run].status != "completed") continue;
      const std::vector<double> logged = reader.read(output / rows[run].id).values;
      value = reader.statistic_of(logged, statistic);
      most = std::max(most, logged.size());
      if (reader.choice().is_time() && value >= static_cast<double>(logged.size())) outcomes.late.insert(run);
    }
  for (const std::size_t run : outcomes.late) outcomes.values[run] = static_cast<double>(most);
  return outcomes;
}

}  // namespace

Choosing choose_winners(const WinnerRule& rule, const std::vector<Combination>& combinations,
                        const std::vector<RunRow>& rows, const std::filesystem::path& output) {
  Choosing choosing;
  MetricReader reader(rule.by, "select");
  for (Contest& contest : contests_of("select", rule.per, rule.over, combinations)) {
    Winner winner;
    winner.per = contest.per;
    const Outcomes outcomes = outcomes_of(contest, rows, output, rule.by.statistic, reader);
    const std::vector<std::size_t>* best = nullptr;
    for (const std::vector<std::size_t>& setting : contest.settings) {
      double sum = 0;
      bool out = false, pruned = false;
      for (const std::size_t run : setting) {
        const double value = outcomes.values.at(run);
        pruned = pruned || rows[run].status == pruned_status;
        out = out || !std::isfinite(value);
        sum += value;
      }
      if (out) {
        ++(pruned ? winner.pruned : winner.out);
        continue;
      }
      winner.fewest = winner.settings == 0 ? setting.size() : std::min(winner.fewest, setting.size());
      winner.most = std::max(winner.most, setting.size());
      ++winner.settings;
      const double mean = sum / static_cast<double>(setting.size());
      if (best != nullptr && !(reader.better() == Better::lower ? mean < winner.value : mean > winner.value)) continue;
      best = &setting;
      winner.value = mean;
    }
    const std::string which = contest.per.empty() ? "" : " of " + shell_text(texts_of(contest.per));
    if (best == nullptr)
      throw NoSettingLeft(fmt::format("no setting{} is left to choose: a run of each has diverged or has no finite {}",
                                      which, rule.by.column));
    if (winner.out > 0)
      choosing.notes.push_back(fmt::format("{} settings{} are out: a run of each has diverged or has no finite {}",
                                           winner.out, which, rule.by.column));
    if (winner.fewest < winner.most)
      choosing.notes.push_back(
          fmt::format("the settings{} are means of {} to {} runs: a mean of few is the more a matter "
                      "of luck",
                      which, winner.fewest, winner.most));
    winner.has_arrived =
        !std::ranges::all_of(*best, [&](const std::size_t run) { return outcomes.late.contains(run); });
    if (!winner.has_arrived)
      choosing.notes.push_back(fmt::format("no run of any setting{} has come to {} = {:g}: the first of them is taken",
                                           which, rule.by.column, rule.by.target));
    winner.options = tuned_options(rule, combinations[best->front()]);
    for (const Choice& choice : winner.options)
      if (differs(contest, combinations, choice)) winner.tuned.push_back(choice);
    for (const std::size_t run : *best) winner.runs.push_back(rows[run].id);
    choosing.winners.push_back(std::move(winner));
  }
  choosing.table = reader.table();
  choosing.column = rule.by.column;
  choosing.better = std::string(records::name_of(reader.better()));
  return choosing;
}

std::vector<Winner> presumed_winners(const WinnerRule& rule, const std::vector<Combination>& combinations) {
  std::vector<Winner> winners;
  for (Contest& contest : contests_of("select", rule.per, rule.over, combinations)) {
    Winner winner;
    winner.per = std::move(contest.per);
    winner.options = tuned_options(rule, combinations[contest.settings.front().front()]);
    winners.push_back(std::move(winner));
  }
  return winners;
}

}  // namespace gradus::sweep
