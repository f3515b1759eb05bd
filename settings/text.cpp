#include "settings/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace gradus::settings {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    std::string_view line = text.substr(start, end - start);
    line = line.substr(0, line.find_last_not_of(' ') + 1);
    if (!line.empty() || !lines.empty()) lines.push_back(line);
    start = end + 1;
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

}  // namespace gradus::settings
