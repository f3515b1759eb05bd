// Text that is written in the code as raw strings.
#pragma once

#include <string>
#include <string_view>

namespace gradus::settings {

// Lines without their common indentation, and without empty ones at either end.
std::string without_indentation(std::string_view text);
// The same as one line.
std::string one_line(std::string_view text);

}  // namespace gradus::settings
