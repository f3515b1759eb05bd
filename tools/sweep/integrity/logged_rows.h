// Whether a log holds what its run says that it has logged.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "experiments/records/log_contents.h"

namespace gradus::sweep {

// What is wrong with the log of a run that has come to its end, with so many rows in each table; empty where nothing
// is.
std::string problem_of_log(const records::LogContents& log, const nlohmann::json& rows);

}  // namespace gradus::sweep
