// What becomes of runs whose task has ended without a result of theirs.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <vector>

#include "tools/sweep/retries.h"
#include "tools/sweep/slurm/open_runs.h"
#include "tools/sweep/slurm/task_end.h"
#include "tools/sweep/slurm/waited_tasks.h"

namespace gradus::sweep {

// A run that is to be submitted.
struct WaitingRun {
  std::size_t index = 0;                            // step of the plan
  std::chrono::steady_clock::time_point from = {};  // not before
  bool alone = false;                               // in a task of its own: what ended its last one may be its doing
};

class Setbacks {
 public:
  Setbacks(const Job& job, const SweepPlan& plan, Claims& claims, OpenRuns& runs);

  // Those that are to be submitted again. The others are open no more: what went wrong twice in the same way, without a
  // step in between, or came no further within a limit, has failed; what somebody cancelled, or stopped by itself, is
  // pending. Of an array that Slurm has not taken (`submitted`), nothing counts.
  std::vector<WaitingRun> judge(const WaitedTask& task, const std::filesystem::path& array, bool submitted);
  // One that waits has been tried before.
  bool has_tried(std::size_t run) const { return retries_.knows(run); }
  // Hands on what the sweep on the node had to say.
  void tell_log(const std::filesystem::path& array, int task);

 private:
  std::optional<WaitingRun> lost(std::size_t run);
  std::optional<WaitingRun> again(std::size_t run, Setback setback, LeftRun::How how);
  void fail(std::size_t run, const Failure& failure);

  const Job& job_;
  const SweepPlan& plan_;
  Claims& claims_;
  OpenRuns& open_;
  Retries retries_;
  std::map<std::size_t, int> losses_;
};

}  // namespace gradus::sweep
