// What is known of each run beside its tables: columns of the CSV file, and variables along `run` in the HDF5 file.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/sweep/export/exported_runs.h"

namespace gradus::sweep {

struct RunFact {
  std::string name;
  std::string units = {};
  std::vector<nlohmann::json> values = {};  // of each run; null where it has none
};

// Name, status, stage, exit code, reason, seconds, steps, and each option that some run has, as option_NAME.
std::vector<RunFact> facts_of(const std::vector<ExportedRun>& runs);

}  // namespace gradus::sweep
