// Giving runs to Slurm: as tasks of job arrays, some runs to a task.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "tools/sweep/slurm/packing.h"
#include "tools/sweep/slurm/setbacks.h"

namespace gradus::sweep {

class Submission {
 public:
  Submission(const Job& job, const SweepPlan& plan, const std::filesystem::path& executable, Slurm& slurm,
             JobArrays& arrays, WaitedTasks& tasks);

  void learn(const Inventory& inventory);  // what runs take
  void learn(double seconds) { packing_.learn(seconds); }

  // Submits those of the runs that are due, and takes them out; of many, of which nothing is known, some first. Throws
  // SlurmTrouble: what has then been submitted nevertheless, the queue tells; records::Interrupted and
  // records::SystemError.
  void submit(std::vector<WaitingRun>& waiting);
  // How long runs take is not known yet, and some that will tell are on their way.
  bool waits_for_trial() const;

 private:
  using TaskRuns = std::vector<std::size_t>;

  std::vector<WaitingRun> take_due(std::vector<WaitingRun>& waiting) const;
  std::vector<TaskRuns> pack(const std::vector<WaitingRun>& due);
  void submit_array(const std::vector<TaskRuns>& tasks);
  std::vector<std::string> options(const JobArray& array) const;
  std::string script(const JobArray& array);
  int processors_of_task() const;

  const Job& job_;
  const SweepPlan& plan_;
  const std::filesystem::path& executable_;
  Slurm& slurm_;
  JobArrays& arrays_;
  WaitedTasks& tasks_;
  const SlurmOptions options_;
  Packing packing_;
  std::optional<std::size_t> limit_, places_;  // tasks of an array, tasks at a time
  std::size_t largest_ = 0;                    // tasks of the next array: fewer where Slurm has refused as many
  std::filesystem::path tool_;                 // this program, kept in the folder
  bool trying_ = false;
};

}  // namespace gradus::sweep
