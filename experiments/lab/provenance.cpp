#include "experiments/lab/provenance.h"

#include <unistd.h>

#include <array>
#include <ctime>
#include <fstream>
#include <stdexcept>

#include "gradus_build_info.h"  // made by build_info.cmake at each build

namespace gradus::lab {

const Build& build() {
  static const Build known{GRADUS_GIT_COMMIT, GRADUS_COMPILER, GRADUS_COMPILER_FLAGS, GRADUS_GIT_DIRTY != 0};
  return known;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name") || line.starts_with("Model"))
      if (const auto colon = line.find(": "); colon != std::string::npos) return line.substr(colon + 2);
  return "unknown";
}

std::string iso_time(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

std::chrono::system_clock::time_point parse_iso_time(const std::string& text) {
  std::tm utc{};
  const char* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  if (!end || *end) throw std::invalid_argument("bad time '" + text + "', expected YYYY-MM-DDThh:mm:ssZ");
  return std::chrono::system_clock::from_time_t(::timegm(&utc));
}

nlohmann::json provenance_json() {
  return {{"git_commit", build().git_commit}, {"git_dirty", build().git_dirty},
          {"compiler", build().compiler},     {"compiler_flags", build().compiler_flags},
          {"host", host_name()},              {"processor", processor_name()}};
}

}  // namespace gradus::lab
