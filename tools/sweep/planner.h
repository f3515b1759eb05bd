// What is to be done for each combination, given what lies in the folder.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tools/sweep/inventory.h"
#include "tools/sweep/job.h"

namespace gradus::sweep {

enum class Action {
  skip,     // a result that counts
  keep,     // failed before, and is not to be tried again
  leave,    // cannot be read now, is of another Gradus, or somebody writes into it: untouched
  run,      // in OUTPUT/ID; what is there of an earlier try is no result, and goes
  rebuild,  // beside it (OUTPUT/ID.rebuild), and in its place when it is whole
  wait      // paused: others decide whether it goes on (early_stopping.h)
};

struct Step {
  const Combination* combination;
  RunRow row;
  Action action;
  std::string stamp = {};                    // of what is there that is to be made anew
  std::optional<std::int64_t> stop_at = {};  // how far it goes now; none: to its end
};

struct SweepPlan {
  std::vector<Step> steps;             // of the combinations, in their order
  std::vector<Step> rivals;            // of the job's rivals: not to be run here
  std::vector<RunRow> others;          // the folder's other runs
  std::set<std::string> builds;        // other builds that have made runs of the folder
  std::vector<std::string> notes;      // lines for the user
  const Table* found_table = nullptr;  // the inventory's
};

// A combination is found again by its effective configuration where the program tells it, otherwise by its id. Throws
// std::runtime_error for a folder of another program, or with runs of another build unless job.other_builds says what
// to do with them. The combinations and the inventory must outlive the plan.
SweepPlan make_plan(const Job& job, const Inventory& inventory);

}  // namespace gradus::sweep
