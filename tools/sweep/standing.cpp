#include "tools/sweep/standing.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiments/records/program.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"
#include "tools/sweep/early_stopping.h"
#include "tools/sweep/layout.h"
#include "tools/sweep/lock.h"
#include "tools/sweep/planned.h"
#include "tools/sweep/request.h"
#include "tools/sweep/slurm/folder_queue.h"

namespace gradus::sweep {
namespace fs = std::filesystem;

namespace {

// The runs of the folder's plans join the others. What no plan tells is said.
class PlannedRows {
 public:
  PlannedRows(const fs::path& output, Standing& standing) : standing_(standing) {
    Job base;
    base.output = output;
    base.other_builds = OtherBuilds::keep;
    try {
      jobs_ = planned_jobs(base);
    } catch (const records::SystemError&) {
      throw;
    } catch (const std::runtime_error& error) {  // damaged, or of another Gradus
      records::complain("sweep", fmt::format("{}; runs that are only planned are not known", error.what()));
    }
    for (std::size_t i = 0; i < standing.runs.size(); ++i) rows_.emplace(standing.runs[i].id, i);
  }

  void join() {
    for (const Job& job : jobs_)
      for (const Combination& combination : job.combinations) {
        const auto [found, is_new] = rows_.emplace(combination.id, standing_.runs.size());
        if (is_new) standing_.runs.push_back(RunRow{combination.id, combination.options()});
        RunRow& row = standing_.runs[found->second];
        if (is_new) standing_.inventory.tell(row);
        if (row.stage.empty()) row.stage = job.stage;
      }
  }

  // While nobody is at work: what waits then has been stopped early.
  void ask_for_pruned() {
    for (const Job& job : jobs_) {
      const bool waits = std::any_of(job.combinations.begin(), job.combinations.end(), [&](const Combination& one) {
        return row_of(one.id).status == "pending" && standing_.inventory.records.contains(one.id);
      });
      if (!job.stopping || !waits) continue;
      try {
        for (const Step& step : as_far_as_known(job, make_plan(job, standing_.inventory)).steps)
          if (RunRow& row = row_of(step.row.id); step.row.status == pruned_status && row.status == "pending") {
            row.status = pruned_status;
            row.reason = step.row.reason;
          }
      } catch (const std::exception& error) {
        records::complain("sweep", fmt::format("which runs are pruned is not known: {}", error.what()));
      }
    }
  }

 private:
  RunRow& row_of(const std::string& id) { return standing_.runs[rows_.at(id)]; }

  Standing& standing_;
  std::vector<Job> jobs_;
  std::map<std::string, std::size_t> rows_;
};

// The stages of what was asked last that have not been concluded: their runs, or those of the ones after, are not all
// known yet. None where that cannot be told.
std::vector<std::string> unconcluded_stages(const fs::path& output) {
  std::vector<std::string> names;
  try {
    CommandLine line;
    const Specification asked = SweepRequest::of(Asked::read(output), output, {}, line)->specification(line.rest);
    for (const Stage& stage : asked.stages) names.push_back(stage.name);
    if (names == std::vector<std::string>{""}) return {};  // all of its runs are known at once
  } catch (const std::exception&) {
    return {};
  }
  try {
    const nlohmann::json document = records::read_current(output / stages_file);
    for (const nlohmann::json& stage : document.at("stages"))
      if (!names.empty() && records::text_member(stage, "name") == names.front()) names.erase(names.begin());
  } catch (const std::exception&) {
    // None has been.
  }
  return names;
}

}  // namespace

bool is_at_work(const fs::path& output) { return FolderLock::held(output) || !Claims::owners(output).empty(); }

std::map<std::string, int> Standing::counts() const {
  std::map<std::string, int> counts;
  for (const RunRow& run : runs) ++counts[run.status];
  return counts;
}

int Standing::exit_code() const {
  const auto some = [&](const std::vector<std::string>& statuses) {
    return std::any_of(runs.begin(), runs.end(), [&](const RunRow& run) {
      return std::find(statuses.begin(), statuses.end(), run.status) != statuses.end();
    });
  };
  if (some({"failed", "damaged", "unreadable", "other_schema"})) return records::exit_failed;
  const bool is_unfinished = runs.empty() || at_work || !stages_to_come.empty() || some({"pending", "running"});
  return is_unfinished ? records::exit_stopped : 0;
}

Standing standing_of(const fs::path& output) {
  Standing standing;
  standing.owners = Claims::owners(output);
  standing.at_work = FolderLock::held(output) || !standing.owners.empty();
  standing.inventory = take_inventory(output, [] {});
  standing.runs = standing.inventory.rows();
  PlannedRows planned(output, standing);
  planned.join();
  std::error_code error;
  if (!standing.at_work && !standing.inventory.cache && standing.runs.empty() &&
      !fs::exists(output / asked_file, error))
    throw records::UsageError(
        fmt::format("{}: no sweep here: expected a folder with sweep.json or runs", output.string()));
  if (!standing.at_work) {
    planned.ask_for_pruned();
    standing.stages_to_come = unconcluded_stages(output);
  }
  for (RunRow& run : standing.runs)
    if (run.status == "pending" && standing.owners.contains(run.id)) run.status = "running";
  return standing;
}

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
  std::map<std::string, std::map<std::string, int>> stages;
  for (const RunRow& run : standing.runs) ++stages[run.stage][run.status];
  if (stages.empty()) records::put("no run is known yet\n");
  for (const auto& [stage, by_status] : stages)
    records::put(fmt::format("{}{}\n", stage.empty() ? "" : fmt::format("stage {}: ", records::printable(stage)),
                             line_of(by_status)));
  for (const std::string& stage : standing.stages_to_come)
    records::put(fmt::format("stage {} is not concluded\n", records::printable(stage)));
  for (const auto& [id, owner] : standing.owners) records::put(fmt::format("running {}: {}\n", id, owner.owner));
  for (const auto& [state, count] : queued)
    records::put(fmt::format("in Slurm's queue: {} task{} {}\n", count, count == 1 ? "" : "s", state));
  records::put(standing.at_work ? "a sweep is at work\n" : "no sweep is at work\n");
}

}  // namespace gradus::sweep
