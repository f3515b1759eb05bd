// The runs of a sweep's folder as they are exported, and what each has logged.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/records/log_contents.h"
#include "tools/sweep/table.h"

namespace gradus::sweep {

struct ExportedRun {
  RunRow row;                                         // with all of its options, where it told them
  nlohmann::json seconds = nullptr, steps = nullptr;  // that it took, and the last that it logged; null where unknown
  bool has_tables = false;
};

struct ExportedRuns {
  std::string program;
  std::vector<ExportedRun> runs;  // in the order of their names: the same folder gives the same files
};

// All, those included that have failed, are pending, or are yet to begin. Throws as standing_of.
ExportedRuns runs_to_export(const std::filesystem::path& output);

// As read_recorded_log; nothing where there is no log and none is vouched for.
records::LogContents read_log_of(const std::filesystem::path& output, const std::string& id);

}  // namespace gradus::sweep
