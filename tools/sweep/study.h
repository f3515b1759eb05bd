// A specification from its first stage to its last, in one folder.
#pragma once

#include "tools/sweep/job.h"

namespace gradus::sweep {

struct StudyOptions {
  int jobs = 0;          // processes at a time; 0: as many as keep all cores busy
  bool dry_run = false;  // prints the commands instead
  bool widen = false;    // draws beyond the border of its space where a winner lies there
};

// Returns the exit code. Throws UsageError, std::runtime_error and records::SystemError for what prevents it.
int run_study(Job& job, const Specification& specification, const StudyOptions& options);

}  // namespace gradus::sweep
