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

}  // namespace gradus::sweep
