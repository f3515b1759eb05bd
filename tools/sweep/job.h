// What `sweep run` was asked to do.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tools/sweep/asked.h"
#include "tools/sweep/combinations.h"
#include "tools/sweep/limits.h"
#include "tools/sweep/slurm/launcher_options.h"
#include "tools/sweep/stopping_rule.h"

namespace gradus::sweep {

enum class OtherBuilds { refuse, rebuild, keep };  // what becomes of runs that another build of the program made

// What becomes of runs that have failed.
enum class FailedRuns {
  retry,
  keep,     // --no-retry-failed
  keep_new  // those with a claim that tells of it: what a task of Slurm is to try again has none when it is submitted
};

struct Job {
  std::filesystem::path program;     // absolute
  std::string program_name;          // as it calls itself, or the file's name
  std::string build;                 // SHA-256 of the program's executable, or of the file
  bool told_build = false;           // the program told it: what runs record can be compared with it
  std::vector<std::string> command;  // for the table
  std::optional<Asked> asked_first;  // what the folder keeps
  std::optional<Asked> asked_now;    // what tasks of Slurm obey: the same, with what `sweep resume` was asked besides
  std::filesystem::path output;
  std::string stage;  // its name, where there are stages
  std::vector<Combination> combinations;
  std::vector<Combination> rivals;               // the stage's others, of a share of it that stops early
  std::optional<MetricChoice> selected_by = {};  // the stage's winners are those with the best of it
  std::optional<StoppingRule> stopping;          // its runs pause and go on by this rule (early_stopping.h)
  OtherBuilds other_builds = OtherBuilds::refuse;
  std::set<std::string> allowed_builds = {};  // these, where only they have made runs, are not refused (mixed_builds.h)
  FailedRuns failed_runs = FailedRuns::retry;
  bool resume = true;        // runs that have a checkpoint go on from it
  bool not_bitwise = false;  // also where the result is not the same to the bit; handed on to the program
  bool quiet = false;
  bool keeps_table = true;  // writes OUTPUT/sweep.json
  // --note=..., --tag=..., --study=...: no result and no run's identity depends on them.
  std::vector<std::string> remarks;
  int jobs = 1;  // processes at a time
  Limits limits;
  std::optional<SlurmOptions> slurm = {};  // its runs are Slurm's to run
};

// Runs at a time: as many as were asked for, or as keep all processors busy. Throws UsageError where each is to have
// its own and there are not so many.
int jobs_for(const Job& job, int asked);

// Throws UsageError where its runs are to begin anew each time, but pause.
void refuse_no_resume(const Job& job);

// The program with the combination's options and controls, the remarks, the folder that it is to make or, with
// --resume, to go on in, --stop-at where it is to pause, and --quiet.
std::vector<std::string> run_command(const Job& job, const std::filesystem::path& program,
                                     const Combination& combination, const std::filesystem::path& folder, bool resume,
                                     std::optional<std::int64_t> stop_at);

}  // namespace gradus::sweep
