#include "settings/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace gradus::settings {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::string_view line : split(text, '\n')) {
    line = line.substr(0, line.find_last_not_of(' ') + 1);
    if (!line.empty() || !lines.empty()) lines.push_back(line);
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

}  // namespace

std::string without_indentation(std::string_view text) {
  std::vector<std::string_view> lines = lines_of(text);
  std::size_t common = std::string_view::npos;
  for (const std::string_view line : lines)
    if (!line.empty()) common = std::min(common, line.find_first_not_of(' '));
  for (std::string_view& line : lines) line.remove_prefix(std::min(common, line.size()));
  return fmt::format("{}", fmt::join(lines, "\n"));
}

std::string one_line(std::string_view text) {
  std::vector<std::string_view> lines = lines_of(text);
  std::erase_if(lines, [](std::string_view line) { return line.empty(); });
  for (std::string_view& line : lines) line.remove_prefix(line.find_first_not_of(' '));
  return fmt::format("{}", fmt::join(lines, " "));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t end = text.find(separator); end != text.npos; end = text.find(separator)) {
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.push_back(text);
  return parts;
}

}  // namespace gradus::settings
