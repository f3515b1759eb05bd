// A specification from its first stage to its last, in one folder.
#pragma once

#include "tools/sweep/printed_plan.h"
#include "tools/sweep/runner.h"

namespace gradus::sweep {

enum class Purpose {
  run,
  print,  // the commands, and touch nothing
  plan    // begin the folder, and print what is to be run
};

struct StudyOptions {
  int jobs = 0;  // processes at a time; 0: as many as keep all cores busy
  Purpose purpose = Purpose::run;
  PlanFormat format = PlanFormat::text;
  bool widen = false;  // draws beyond the border of its space where a winner lies there
};

// Returns the exit code. Throws UsageError, std::runtime_error and records::SystemError for what prevents it.
int run_study(Job& job, const Specification& specification, const StudyOptions& options);

// How runs ended that were planned before (planned.h).
struct ShareEnd {
  Outcome outcome;
  int code = 0;  // exit code
  bool limit_is_near = false;
};

// Runs all of the job's combinations, so many at a time. Writes no table: who runs the whole does. Throws as run_study,
// and records::Interrupted.
ShareEnd run_planned(Job& job, int jobs, Signals& signals);

// Runs these of the runs that the folder has planned (planned.h), plan by plan, or prints their commands. Writes no
// table: who runs the whole does. Returns the exit code: the first plan's that was interrupted, 1 where one's is.
// Throws as run_study, before anything runs for an id that is not known.
int run_share(const Job& job, const std::vector<std::string>& ids, const StudyOptions& options);

}  // namespace gradus::sweep
