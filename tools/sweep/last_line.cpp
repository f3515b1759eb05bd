#include "tools/sweep/last_line.h"

#include <algorithm>
#include <fstream>

#include "experiments/records/text.h"

namespace gradus::sweep {

std::string last_line(const std::filesystem::path& log) {
  constexpr std::streamoff tail = 8192;
  std::ifstream file(log, std::ios::binary | std::ios::ate);
  if (!file) return {};
  const std::streamoff size = file.tellg();
  file.seekg(std::max<std::streamoff>(0, size - tail));
  std::string text(static_cast<std::size_t>(std::max<std::streamoff>(0, std::min(size, tail))), '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  const auto end = text.find_last_not_of(" \t\r\n");
  if (end == text.npos) return {};
  const auto before = text.find_last_of("\r\n", end);
  const auto begin = before == text.npos ? 0 : before + 1;
  return records::printable(std::string_view(text).substr(begin, end - begin + 1));
}

}  // namespace gradus::sweep
