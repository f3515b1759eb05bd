// Text for Markdown tables and pages.
#pragma once

#include <string>
#include <string_view>

namespace gradus {

// For a cell of a table: '|' would end it, and '<' begin a tag.
inline std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '*' || c == '_' || c == '[' || c == ']') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// The name that Markdown gives a heading of this text, for links to it.
inline std::string anchor(std::string_view heading) { return "#" + std::string(heading); }

}  // namespace gradus
