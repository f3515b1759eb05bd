#include "tools/sweep/list.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tools/sweep/records.h"
#include "tools/sweep/specification.h"

namespace gradus::sweep {
namespace {

std::string text_of(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void print_runs(const std::filesystem::path& output) {
  const std::optional<Table> table = Table::read(output);
  if (!table) throw UsageError(fmt::format("{}: no sweep here: expected a folder with sweep.json", output.string()));

  std::map<std::string, std::set<std::string>> values;  // of each option, an absent one as ""
  for (const RunRow& run : table->runs)
    for (const auto& [name, value] : run.options.items()) values[name];
  for (auto& [name, distinct] : values)
    for (const RunRow& run : table->runs)
      distinct.insert(run.options.contains(name) ? text_of(run.options[name]) : std::string());

  std::string fixed;
  std::vector<std::string> header = {"id", "status", "exit"};
  for (const auto& [name, distinct] : values) {
    if (distinct.size() > 1)
      header.push_back(name);
    else
      fixed += fmt::format(" {}={}", name, *distinct.begin());
  }
  const std::size_t first_option = 3;
  const std::size_t options_end = header.size();
  header.emplace_back("reason");

  const bool at_work = FolderLock::held(output);
  std::map<std::string, int> counts;
  std::vector<std::vector<std::string>> rows = {header};
  for (const RunRow& run : table->runs) {
    // The table itself knows no "running": a pending run's folder that exists while a sweep is at work is one.
    const bool running = at_work && run.status == "pending" && std::filesystem::exists(output / run.id);
    const std::string status = running ? "running" : run.status;
    ++counts[status];
    std::vector<std::string> row = {run.id, status, run.exit_code ? fmt::format("{}", *run.exit_code) : "-"};
    for (std::size_t i = first_option; i < options_end; ++i)
      row.push_back(run.options.contains(header[i]) ? text_of(run.options[header[i]]) : "-");
    row.push_back(run.reason);
    rows.push_back(std::move(row));
  }

  std::vector<std::size_t> widths(header.size(), 0);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());

  fmt::print("{}{}\n", table->program, fixed);
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    fmt::print("{}\n", line);
  }
  fmt::print("{} runs", table->runs.size());
  const char* separator = ": ";
  for (const auto& [status, count] : counts) {
    fmt::print("{}{} {}", separator, count, status);
    separator = ", ";
  }
  fmt::print("{}\n", at_work ? " (a sweep is at work)" : "");
}

}  // namespace gradus::sweep
