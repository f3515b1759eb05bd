#include "tools/sweep/export/exported_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/sealed.h"
#include "tools/sweep/integrity/logged_rows.h"
#include "tools/sweep/standing.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

// Of each table as many as were logged; none where the run has not come to its end.
json recorded_rows(const fs::path& folder) {
  try {
    const json record = records::read_current(folder / records::completion_file);
    if (records::is_result(records::text_member(record, "status"))) return record.value("rows", json::object());
  } catch (const records::SystemError& error) {
    if (error.code != ENOENT && error.code != ENOTDIR) throw;
  }
  return nullptr;
}

}  // namespace

ExportedRuns runs_to_export(const fs::path& output) {
  const Standing standing = standing_of(output);
  const Inventory& inventory = standing.inventory;
  ExportedRuns exported;
  if (inventory.cache) exported.program = inventory.cache->program;
  for (const RunRow& row : standing.runs) {
    ExportedRun run;
    if (const auto found = inventory.records.find(row.id); found != inventory.records.end()) {
      if (exported.program.empty()) exported.program = found->second.program;
      if (found->second.verdict == records::Verdict::whole) run.seconds = found->second.seconds;
      run.has_tables = true;
    }
    run.row = row;
    exported.runs.push_back(std::move(run));
  }
  std::ranges::sort(exported.runs, {}, [](const ExportedRun& run) -> const std::string& { return run.row.id; });
  return exported;
}

records::LogContents read_log_of(const fs::path& output, const std::string& id) {
  const fs::path folder = output / id, path = folder / records::log_file;
  const json rows = recorded_rows(folder);
  records::LogContents log;
  try {
    if (records::begins_a_log(records::read_beginning(path, records::log_beginning)))
      log = records::read_metric_log(path);
  } catch (const records::SystemError& error) {
    if (error.code != ENOENT && error.code != ENOTDIR) throw;
  }
  if (rows.is_null()) return log;
  if (const std::string problem = problem_of_log(log, rows); !problem.empty())
    throw records::Damaged(fmt::format("{}: {}", path.string(), problem));
  return log;
}

}  // namespace gradus::sweep
