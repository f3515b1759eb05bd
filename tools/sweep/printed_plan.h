// What is to be run, as text: for users, for shells, for programs.
#pragma once

#include "tools/sweep/job.h"
#include "tools/sweep/planner.h"

namespace gradus::sweep {

// Instead of running it.
void print_commands(const Job& job, const SweepPlan& plan);

enum class PlanFormat {
  text,  // how many, what they will take by those that have ended, and their commands
  sh,    // `sweep run-one` for each that has no result yet, a line each
  jsonl  // an object for each run, a line each: id, stage, status, options, command (run-one), argv (the program's)
};
void print_plan(const Job& job, const SweepPlan& plan, const Inventory& inventory, PlanFormat format);

}  // namespace gradus::sweep
