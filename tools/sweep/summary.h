// What a sweep says in the end.
#pragma once

#include "tools/sweep/job.h"
#include "tools/sweep/plan.h"
#include "tools/sweep/runner.h"

namespace gradus::sweep {

// Instead of running it.
void print_commands(const Job& job, const SweepPlan& plan);

// Returns the exit code of an outcome that was not interrupted.
int report(const Job& job, const SweepPlan& plan, const Outcome& outcome);

}  // namespace gradus::sweep
