// Text that is written in the code as raw strings, and lists in the texts of options.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gradus::settings {

// Lines without their common indentation, and without empty ones at either end.
std::string without_indentation(std::string_view text);
// The same as one line.
std::string one_line(std::string_view text);

// What stands between the separators: "1,,2" has three parts, "" one, which is empty. They are views of the text.
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace gradus::settings
