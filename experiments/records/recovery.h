// What is made of a run's folder after a kill, a full disk or damage.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace gradus::records {

struct Recovery {
  nlohmann::json record;  // complete.json's
  std::string note;       // what was damaged or missing, in one line; empty where nothing was
};

// Rebuilds run.h5 from the log up to its first torn or damaged frame, and records the run as interrupted, or, where
// complete.json is whole, as that says. A configuration that is missing or damaged is taken from the log and written
// again; of a run that is whole, nothing else is written. The log stays as it is. Throws std::runtime_error if the run
// is still running, the folder holds none, another Gradus wrote it, or something cannot be read now; and, with nothing
// written, where the log holds nothing whole, or other rows than a whole complete.json tells of.
Recovery recover(const std::filesystem::path& folder);

}  // namespace gradus::records
