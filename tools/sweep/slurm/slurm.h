// Slurm's commands, as a sweep needs them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/sweep/children.h"
#include "tools/sweep/signals.h"
#include "tools/sweep/slurm/slurm_trouble.h"

namespace gradus::sweep {

// Tasks of a job array that are in the same state.
struct QueuedTasks {
  std::int64_t job = 0;  // the array's number
  int first = 0, last = 0;
  std::string state, name, reason;  // in Slurm's words; the name is the array's
};

class Slurm {
 public:
  Slurm(Children& children, Signals& signals) : children_(children), signals_(signals) {}

  // All throw SlurmTrouble, UsageError where there is no such command, records::Interrupted and records::SystemError.

  // The most tasks that an array may have.
  int largest_array();
  // Processors of a partition, or of all.
  int processors(const std::string& partition);
  // Returns the job's number. Where that fails, the job may be there nevertheless.
  std::int64_t submit(const std::vector<std::string>& options, const std::string& script);
  // What is in the queue of this user's arrays of these names: what has not ended.
  std::vector<QueuedTasks> queue(const std::vector<std::string>& names);
  // All tasks of an array, also those that have ended, as long as Slurm remembers them: minutes.
  std::vector<QueuedTasks> whole(std::int64_t job, const std::string& name);
  // Of arrays (12), or of single tasks (12_3); all, or only those that wait.
  void cancel(const std::vector<std::string>& jobs, bool only_waiting);
  // A task that runs is ended and waits again.
  void requeue(const std::string& job);

 private:
  std::vector<std::string> ask(std::vector<std::string> command, const std::string& input = {});

  Children& children_;
  Signals& signals_;
};

}  // namespace gradus::sweep
