// sweep list: the runs of a sweep's folder as a table.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "experiments/records/checkpoint.h"
#include "experiments/records/program.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"
#include "tools/sweep/command.h"
#include "tools/sweep/last_values.h"
#include "tools/sweep/standing.h"
#include "tools/sweep/verb.h"

namespace gradus::sweep {
namespace {

using Lines = std::vector<std::vector<std::string>>;

std::string text_of(const nlohmann::json& value) {
  return records::printable(value.is_string() ? value.get<std::string>() : records::json_text(value));
}

struct Names {
  std::vector<std::string> columns;  // options that tell runs apart
  std::string fixed;                 // the others, with their value
};

// Runs that were given other options count as differing; rows with all their options differ only by value.
Names names_of(const std::vector<RunRow>& runs) {
  struct Seen {
    std::set<std::string> values;
    std::size_t given = 0;
  };
  std::map<std::string, Seen> options;
  std::size_t rows_as_given = 0;
  for (const RunRow& run : runs) {
    rows_as_given += run.effective ? 0 : 1;
    for (const auto& [name, value] : run.options.items()) {
      options[name].values.insert(text_of(value));
      options[name].given += run.effective ? 0 : 1;
    }
  }
  Names names;
  for (const auto& [name, seen] : options) {
    const bool by_some = seen.given > 0 && seen.given < rows_as_given;
    if (seen.values.size() > 1 || by_some)
      names.columns.push_back(name);
    else if (seen.given > 0)
      names.fixed += fmt::format(" {}={}", name, *seen.values.begin());
  }
  return names;
}

void print_lines(const Lines& lines) {
  std::vector<std::size_t> widths(lines.front().size(), 0);
  for (const auto& row : lines)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  for (const auto& row : lines) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    records::put(fmt::format("{}\n", line));
  }
}

// Prints to standard output; changes nothing. `shown` are columns of the runs' tables as TABLE/COLUMN[:STATISTIC], an
// index being a column too: each run's last value of them, or statistic, as its log has it by now. Throws UsageError
// when the folder holds no sweep or no log such a column, records::SystemError when the folder cannot be read now.
void print_runs(const std::filesystem::path& output, const std::vector<std::string>& shown) {
  const Standing standing = standing_of(output);
  const Inventory& inventory = standing.inventory;
  const std::vector<RunRow>& runs = standing.runs;
  if (!inventory.cache_problem.empty())
    records::complain("sweep", fmt::format("{}; told from the runs' folders", inventory.cache_problem));
  complain_of_some("", inventory.notes());

  const Names names = names_of(runs);
  std::set<std::string> builds;
  for (const RunRow& run : runs)
    if (!run.build.empty()) builds.insert(run.build);

  std::vector<std::string> header = {"id", "status", "exit"};
  const bool staged = std::any_of(runs.begin(), runs.end(), [](const RunRow& run) { return !run.stage.empty(); });
  if (staged) header.emplace_back("stage");
  if (builds.size() > 1) header.emplace_back("build");
  header.insert(header.end(), names.columns.begin(), names.columns.end());
  header.insert(header.end(), shown.begin(), shown.end());
  header.emplace_back("reason");

  const LastValues last_values(output, runs, shown);
  Lines lines = {header};
  for (const RunRow& run : runs) {
    std::vector<std::string> line = {run.id, run.status, run.exit_code ? fmt::format("{}", *run.exit_code) : "-"};
    if (staged) line.push_back(run.stage.empty() ? "-" : run.stage);
    if (builds.size() > 1) line.push_back(run.build.empty() ? "-" : run.build.substr(0, 12));
    for (const std::string& name : names.columns)
      line.push_back(run.options.contains(name) ? text_of(run.options[name]) : "-");
    for (const std::string& value : last_values.of(run.id)) line.push_back(value);
    std::string reason = run.reason;
    if (run.status == "pending")
      if (const auto step = records::checkpoint_step(output / run.id))
        reason = fmt::format("goes on at step {}", *step);
    line.push_back(records::printable(reason));
    lines.push_back(std::move(line));
  }

  std::string program = inventory.cache ? inventory.cache->program : std::string();
  for (const auto& [id, record] : inventory.records)
    if (program.empty()) program = record.program;
  records::put(fmt::format("{}{}\n", records::printable(program), names.fixed));
  print_lines(lines);
  records::put(fmt::format("{} runs", runs.size()));
  const char* separator = ": ";
  for (const auto& [status, count] : standing.counts()) {
    records::put(fmt::format("{}{} {}", separator, count, status));
    separator = ", ";
  }
  records::put(fmt::format("{}\n", standing.at_work ? " (a sweep is at work)" : ""));
}

}  // namespace

Verb list_verb(CLI::App& app) {
  CLI::App* list = app.add_subcommand("list", "print a table of the runs in a sweep's folder");
  auto folder = std::make_shared<std::string>();
  auto shown = std::make_shared<std::vector<std::string>>();
  list->add_option("folder", *folder, "folder of the sweep")->required();
  list->add_option("--show", *shown,
                   "also the last value that each run has logged of TABLE/COLUMN, or another statistic: "
                   "TABLE/COLUMN[:best|:mean|:time_to=TARGET][,TABLE/COLUMN ...]")
      ->delimiter(',');
  return {list, [folder, shown](const CommandLine&) {
            print_runs(*folder, *shown);
            return 0;
          }};
}

}  // namespace gradus::sweep
