// Runs the combinations of a sweep as processes and keeps the table.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/sweep/progress.h"
#include "tools/sweep/records.h"
#include "tools/sweep/specification.h"

namespace gradus::sweep {

struct Job {
  std::filesystem::path program;  // absolute
  std::string program_name;
  std::vector<std::string> command;  // for the table
  std::filesystem::path output;
  std::vector<Combination> combinations;
  int jobs = 1;  // processes at a time
  bool quiet = false;
  bool retry_failed = true;
};

struct Outcome {
  Counts counts;
  std::vector<RunRow> runs;   // those of this sweep, in its order
  bool interrupted = false;   // SIGINT, SIGTERM or SIGHUP; what was under way is pending
  std::string table_problem;  // sweep.json could not be replaced
};

// The program with the combination's options, its folder and --quiet.
std::vector<std::string> run_command(const Job& job, const Combination& combination);

// What OUTPUT says about each combination now: rows of finished runs (and of failed ones unless they are to be retried)
// are taken over, the others are pending. Throws std::runtime_error for a folder of another program.
std::vector<RunRow> known_rows(const Job& job, const std::optional<Table>& earlier);

// Throws std::runtime_error when OUTPUT cannot be used. The signals above are blocked from here on.
Outcome run_sweep(const Job& job);

}  // namespace gradus::sweep
