// What a program suggests for the options that it searches (search.h): JSON from a program that may be anybody's.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tools/sweep/draws.h"

namespace gradus::sweep {

// As the program is told of it: {"kind": "uniform", "low": 0, "high": 1}.
nlohmann::json json_of(const Distribution& distribution);

// The option's value among those suggested, with as many digits as a draw has. Throws std::runtime_error,
// "suggests ...", for none, or one outside of its space.
OptionValue suggested_value(const nlohmann::json& options, const std::string& option, const Distribution& distribution);

}  // namespace gradus::sweep
