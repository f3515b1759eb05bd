// What a sweep says in the end.
#pragma once

#include "tools/sweep/job.h"
#include "tools/sweep/runner.h"

namespace gradus::sweep {

// Returns the exit code of an outcome that was not interrupted.
int report(const Job& job, const Outcome& outcome);

}  // namespace gradus::sweep
