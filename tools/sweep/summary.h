// What a sweep says in the end.
#pragma once

#include "tools/sweep/job.h"
#include "tools/sweep/plan.h"
#include "tools/sweep/runner.h"

namespace gradus::sweep {

// Instead of running it.
void print_commands(const Job& job, const SweepPlan& plan);

enum class PlanFormat {
  text,  // how many, what they will take by those that have ended, and their commands
  sh,    // `sweep run-one` for each that has no result yet, a line each
  jsonl  // an object for each run, a line each: id, stage, status, options, command (run-one), argv (the program's)
};
void print_plan(const Job& job, const SweepPlan& plan, const Inventory& inventory, PlanFormat format);

// Returns the exit code of an outcome that was not interrupted.
int report(const Job& job, const Outcome& outcome);

}  // namespace gradus::sweep
