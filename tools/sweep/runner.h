// Runs what a plan asks for and keeps the table.
#pragma once

#include <string>
#include <vector>

#include "tools/sweep/children.h"
#include "tools/sweep/claim.h"
#include "tools/sweep/feeder.h"
#include "tools/sweep/job.h"
#include "tools/sweep/plan.h"
#include "tools/sweep/progress.h"
#include "tools/sweep/signals.h"

namespace gradus::sweep {

struct Outcome {
  Counts counts;
  std::vector<Step> steps;              // the plan's, then those that the feeder gave
  std::vector<RunRow> runs;             // theirs, in their order
  std::vector<std::size_t> left_alone;  // which of them, with the reason in the row
  std::vector<std::string> notes;       // lines for the user: nothing is wrong
  std::vector<std::string> problems;    // what went wrong besides runs that failed: lines for the user
  bool interrupted = false;             // SIGINT, SIGTERM, SIGHUP or SIGUSR1; what was under way is pending
};

// `executable` is what runs; a feeder may be null. Throws records::SystemError when the table cannot be written in the
// beginning.
Outcome run_plan(const Job& job, const SweepPlan& plan, const Inventory& inventory,
                 const std::filesystem::path& executable, Claims& claims, Children& children, Signals& signals,
                 Feeder* feeder = nullptr);

}  // namespace gradus::sweep
