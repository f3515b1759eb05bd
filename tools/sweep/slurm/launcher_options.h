// How a sweep hands its runs to Slurm: the options of `sweep run --launcher=slurm`.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gradus::sweep {

struct SlurmOptions {
  std::string partition = {}, time = {}, account = {}, memory = {}, constraint = {};  // as sbatch takes them
  std::vector<std::string> more = {};                                                 // further words for sbatch
  int largest_array = 0;  // tasks; 0: as many as Slurm takes
  int pack = 0;           // runs of a task; 0: by what a run takes (packing.h)
};

// A limit of time as sbatch takes it: minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes,
// days-hours:minutes:seconds. None for what is none of these.
std::optional<std::chrono::seconds> slurm_time(std::string_view text);

// Where runs are run, as a command line says it.
class LauncherOptions {
 public:
  void add_to(CLI::App& app);
  // None: as processes of this sweep. Throws UsageError.
  std::optional<SlurmOptions> slurm() const;

 private:
  std::string launcher_ = "local", sbatch_;
  SlurmOptions slurm_;
};

}  // namespace gradus::sweep
