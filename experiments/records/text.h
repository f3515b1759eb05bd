// Texts from outside: arguments, paths and other programs' words may be any bytes.
#pragma once

#include <string>
#include <string_view>

namespace gradus::records {

bool is_utf8(std::string_view text);

// For a message of one line: control characters and bytes that are not UTF-8 as \xNN; at most `longest` bytes, then
// "...".
std::string printable(std::string_view text, std::size_t longest = 300);
// A message as one printable line; of more than 4,000 bytes the beginning and the end, which says what was expected.
std::string one_line(std::string_view message);

}  // namespace gradus::records
