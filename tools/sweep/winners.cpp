#include "tools/sweep/winners.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>

#include "experiments/records/completion.h"
#include "experiments/records/log_contents.h"
#include "experiments/records/sealed.h"
#include "tools/sweep/command.h"

namespace gradus::sweep {
namespace {

using records::Better;
using records::MetricTable;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The table that a run's file would open with (records/run_file.cpp).
const MetricTable* default_table(const records::LogContents& contents) {
  const std::string chosen = records::text_member(contents.attributes, "default");
  const MetricTable* found = nullptr;
  for (const MetricTable& table : contents.tables) {
    if (table.name() == chosen) return &table;
    const auto judged = [](const records::Column& column) { return column.better != Better::neither; };
    if (std::any_of(table.columns().begin(), table.columns().end(), judged)) found = &table;
  }
  return found;
}

double statistic_of(const std::vector<double>& values, const std::string& statistic, Better better) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  if (statistic == "last") return values.back();
  double sum = 0, best = values.front();
  for (const double value : values) {
    sum += value;
    best = std::isnan(value) ? best : better == Better::lower ? std::fmin(best, value) : std::fmax(best, value);
  }
  return statistic == "mean" ? sum / static_cast<double>(values.size()) : best;
}

struct Setting {
  std::vector<std::size_t> runs;  // numbers of combinations
  double sum = 0;
  bool out = false;
};

// Settings in the order of their first runs, in groups of equal `per`.
struct Contest {
  std::vector<Choice> per;
  std::vector<Setting> settings;
};

std::vector<Contest> contests_of(const WinnerRule& rule, const std::vector<Combination>& combinations) {
  std::vector<Contest> contests;
  std::map<std::string, std::size_t> by_per;
  std::map<std::string, std::pair<std::size_t, std::size_t>> by_setting;
  for (std::size_t i = 0; i < combinations.size(); ++i) {
    std::vector<Choice> per;
    nlohmann::json key = nlohmann::json::object(), setting = combinations[i].options();
    for (const std::string& name : rule.over) setting.erase(name);
    for (const std::string& name : rule.per) {
      const OptionValue* value = combinations[i].find(name);
      if (value == nullptr)
        throw UsageError(
            fmt::format("select: per {}: {} has no such option", name, shell_text(combinations[i].arguments())));
      per.push_back({name, *value});
      key[name] = value->json;
    }
    const std::string per_text = records::json_text(key), setting_text = per_text + records::json_text(setting);
    const auto [contest, fresh] = by_per.emplace(per_text, contests.size());
    if (fresh) contests.push_back({std::move(per), {}});
    std::vector<Setting>& settings = contests[contest->second].settings;
    const auto [place, first] = by_setting.emplace(setting_text, std::pair(contest->second, settings.size()));
    if (first) settings.emplace_back();
    settings[place->second.second].runs.push_back(i);
  }
  return contests;
}

std::vector<Choice> tuned_options(const WinnerRule& rule, const Combination& combination) {
  std::vector<Choice> options;
  for (const Choice& choice : combination.choices)
    if (!contains(rule.per, choice.name) && !contains(rule.over, choice.name)) options.push_back(choice);
  return options;
}

bool differs(const Contest& contest, const std::vector<Combination>& combinations, const Choice& choice) {
  return std::any_of(contest.settings.begin(), contest.settings.end(), [&](const Setting& setting) {
    const OptionValue* value = combinations[setting.runs.front()].find(choice.name);
    return value == nullptr || value->json != choice.value.json;
  });
}

// Reads the column out of the runs' logs.
class Judge {
 public:
  Judge(const WinnerRule& rule, const std::filesystem::path& output) : rule_(rule), output_(output) {}

  double value_of(const std::string& folder) {
    const std::filesystem::path log = output_ / folder / records::log_file;
    const records::LogContents contents = records::read_metric_log(log);
    for (const MetricTable& table : contents.tables) {
      if (rule_.table.empty() ? &table != default_table(contents) : table.name() != rule_.table) continue;
      for (std::size_t i = 0; i < table.columns().size(); ++i) {
        const records::Column& column = table.columns()[i];
        if (column.name != rule_.column || !column.axis.empty()) continue;
        if (column.better == Better::neither)
          throw std::runtime_error(
              fmt::format("{}: {}/{} does not say which way is better: expected a column that does", log.string(),
                          table.name(), column.name));
        table_ = table.name();
        better_ = column.better;
        return statistic_of(table.values(i), rule_.statistic, better_);
      }
    }
    throw std::runtime_error(fmt::format("{}: no column {}{} of plain numbers, expected the one to select by",
                                         log.string(), rule_.table.empty() ? "" : rule_.table + "/", rule_.column));
  }

  const std::string& table() const { return table_; }
  Better better() const { return better_; }

 private:
  const WinnerRule& rule_;
  const std::filesystem::path& output_;
  std::string table_;
  Better better_ = Better::neither;
};

}  // namespace

Choosing choose_winners(const WinnerRule& rule, const std::vector<Combination>& combinations,
                        const std::vector<RunRow>& rows, const std::filesystem::path& output) {
  Choosing choosing;
  Judge judge(rule, output);
  for (Contest& contest : contests_of(rule, combinations)) {
    Winner winner;
    winner.per = contest.per;
    const Setting* best = nullptr;
    for (Setting& setting : contest.settings) {
      for (const std::size_t run : setting.runs) {
        const double value = rows[run].status == "completed" ? judge.value_of(rows[run].id) : std::nan("");
        setting.out = setting.out || !std::isfinite(value);
        setting.sum += value;
      }
      if (setting.out) {
        ++winner.out;
        continue;
      }
      ++winner.settings;
      const double mean = setting.sum / static_cast<double>(setting.runs.size());
      if (best != nullptr && !(judge.better() == Better::lower ? mean < winner.value : mean > winner.value)) continue;
      best = &setting;
      winner.value = mean;
    }
    std::vector<std::string> of;
    for (const Choice& choice : contest.per) of.push_back(fmt::format("{}={}", choice.name, choice.value.text));
    const std::string which = of.empty() ? "" : " of " + shell_text(of);
    if (best == nullptr)
      throw NoSettingLeft(fmt::format("no setting{} is left to choose: a run of each has diverged or has no finite {}",
                                      which, rule.column));
    if (winner.out > 0)
      choosing.notes.push_back(fmt::format("{} settings{} are out: a run of each has diverged or has no finite {}",
                                           winner.out, which, rule.column));
    winner.options = tuned_options(rule, combinations[best->runs.front()]);
    for (const Choice& choice : winner.options)
      if (differs(contest, combinations, choice)) winner.tuned.push_back(choice);
    for (const std::size_t run : best->runs) winner.runs.push_back(rows[run].id);
    choosing.winners.push_back(std::move(winner));
  }
  choosing.table = judge.table();
  choosing.column = rule.column;
  choosing.better = std::string(records::name_of(judge.better()));
  return choosing;
}

std::vector<Winner> presumed_winners(const WinnerRule& rule, const std::vector<Combination>& combinations) {
  std::vector<Winner> winners;
  for (Contest& contest : contests_of(rule, combinations)) {
    Winner winner;
    winner.per = std::move(contest.per);
    winner.options = tuned_options(rule, combinations[contest.settings.front().runs.front()]);
    winners.push_back(std::move(winner));
  }
  return winners;
}

}  // namespace gradus::sweep
