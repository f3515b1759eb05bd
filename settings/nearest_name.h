// For errors about unknown names.
#pragma once

#include <string>
#include <vector>

namespace gradus::settings {

// The name that is likely meant by what was asked for, by Levenshtein's distance; empty if none is near.
std::string nearest_name(const std::string& asked, const std::vector<std::string>& names);

// "did you mean adam? expected one of ..." for a name that is none of `names`.
std::string choices_text(const std::string& asked, const std::vector<std::string>& names);

}  // namespace gradus::settings
