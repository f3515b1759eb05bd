// Some of the runs that a folder has planned (planned.h), whoever runs the others.
#pragma once

#include <string>
#include <vector>

#include "tools/sweep/runner.h"

namespace gradus::sweep {

struct ShareOptions {
  int jobs = 0;             // processes at a time; 0: as many as keep all cores busy
  bool prints = false;      // the commands, and touches nothing
  bool to_the_end = false;  // also where its plan stops runs early
};

// How such runs ended.
struct ShareEnd {
  Outcome outcome;
  int code = 0;  // exit code
  bool limit_is_near = false;
};

// Runs all of the job's combinations, so many at a time. Writes no table: who runs the whole does. Throws as run_study
// (study.h), and records::Interrupted.
ShareEnd run_planned(Job& job, int jobs, Signals& signals);

// Runs these of the runs that the folder has planned, plan by plan, or prints their commands. Returns the exit code:
// the first plan's that was interrupted, 1 where one's is. Throws as run_study, before anything runs for an id that is
// not known.
int run_share(const Job& job, const std::vector<std::string>& ids, const ShareOptions& options);

}  // namespace gradus::sweep
