// Runs what a plan asks for and keeps the table.
#pragma once

#include <filesystem>

#include "tools/sweep/cancellation.h"
#include "tools/sweep/children.h"
#include "tools/sweep/claim.h"
#include "tools/sweep/feeder.h"
#include "tools/sweep/job.h"
#include "tools/sweep/ledger.h"
#include "tools/sweep/planner.h"
#include "tools/sweep/signals.h"

namespace gradus::sweep {

struct Surroundings {
  Claims& claims;
  Cancellation& cancellation;
  Children& children;
  Signals& signals;
};

// `executable` is what runs; a feeder may be null. Throws records::SystemError when the table cannot be written in the
// beginning.
Outcome run_plan(const Job& job, const SweepPlan& plan, const Inventory& inventory,
                 const std::filesystem::path& executable, const Surroundings& surroundings, Feeder* feeder = nullptr);

}  // namespace gradus::sweep
