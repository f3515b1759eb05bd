#include "tools/sweep/standing.h"

#include <fmt/format.h>

#include "experiments/records/program.h"
#include "experiments/records/text.h"
#include "tools/sweep/inventory.h"
#include "tools/sweep/lock.h"
#include "tools/sweep/planned.h"
#include "tools/sweep/slurm/folder_queue.h"

namespace gradus::sweep {
namespace fs = std::filesystem;

std::map<std::string, int> queue_of(const fs::path& output) {
  std::map<std::string, int> queued;
  try {
    for (const QueuedTasks& tasks : queued_tasks(output)) queued[tasks.state] += tasks.last - tasks.first + 1;
  } catch (const std::runtime_error& error) {
    records::complain("sweep", fmt::format("Slurm's queue is not known: {}", error.what()));
  } catch (const records::UsageError& error) {
    records::complain("sweep", fmt::format("Slurm's queue is not known: {}", error.what()));
  }
  return queued;
}

Standing standing_of(const fs::path& output) {
  const Inventory inventory = take_inventory(output, [] {});
  std::vector<RunRow> runs = inventory.rows();
  std::map<std::string, std::string> planned = planned_runs(output);
  for (const RunRow& run : runs) planned.erase(run.id);
  for (const auto& [id, stage] : planned) {
    runs.push_back(RunRow{id});
    runs.back().stage = stage;
  }
  if (!inventory.cache && runs.empty())
    throw records::UsageError(
        fmt::format("{}: no sweep here: expected a folder with sweep.json or runs", output.string()));
  Standing standing;
  standing.owners = Claims::owners(output);
  standing.at_work = FolderLock::held(output) || !standing.owners.empty();
  for (const RunRow& run : runs) {
    const bool running = run.status == "pending" && standing.owners.contains(run.id);
    ++standing.counts[run.stage][running ? "running" : run.status];
  }
  return standing;
}

std::string line_of(const std::map<std::string, int>& by_status) {
  int all = 0;
  std::string text;
  for (const auto& [status, count] : by_status) {
    text += fmt::format("{} {} {}", all == 0 ? ":" : ",", count, status);
    all += count;
  }
  return fmt::format("{} run{}{}", all, all == 1 ? "" : "s", text);
}

void print(const Standing& standing, const std::map<std::string, int>& queued) {
  for (const auto& [stage, by_status] : standing.counts)
    records::put(fmt::format("{}{}\n", stage.empty() ? "" : fmt::format("stage {}: ", records::printable(stage)),
                             line_of(by_status)));
  for (const auto& [id, owner] : standing.owners) records::put(fmt::format("running {}: {}\n", id, owner.owner));
  for (const auto& [state, count] : queued)
    records::put(fmt::format("in Slurm's queue: {} task{} {}\n", count, count == 1 ? "" : "s", state));
  records::put(standing.at_work ? "a sweep is at work\n" : "no sweep is at work\n");
}

int exit_code_of(const Standing& standing) {
  if (standing.count("failed") + standing.count("damaged") > 0) return records::exit_failed;
  return standing.count("pending") + standing.count("running") > 0 ? records::exit_stopped : 0;
}

}  // namespace gradus::sweep
