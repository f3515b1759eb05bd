#include "tools/sweep/export/exported_runs.h"

#include <algorithm>
#include <cerrno>

#include "experiments/records/completion.h"
#include "experiments/records/descriptor.h"
#include "tools/sweep/recorded_log.h"
#include "tools/sweep/standing.h"

namespace gradus::sweep {
namespace fs = std::filesystem;

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
  try {
    return read_recorded_log(output / id);
  } catch (const records::SystemError& error) {
    if (error.code != ENOENT && error.code != ENOTDIR) throw;
    return {};
  }
}

}  // namespace gradus::sweep
