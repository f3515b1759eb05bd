// What is known of each run beside its tables: columns of the CSV file, variables of the HDF5 file.
#pragma once

#include <vector>

#include "experiments/records/run_fact.h"
#include "tools/sweep/export/exported_runs.h"

namespace gradus::sweep {

// Name, status, stage, exit code, reason, seconds, steps, and each option that some run has, as option_NAME.
std::vector<records::RunFact> facts_of(const std::vector<ExportedRun>& runs);

}  // namespace gradus::sweep
