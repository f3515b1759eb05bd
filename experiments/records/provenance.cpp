#include "experiments/records/provenance.h"

#include <fmt/format.h>

#include <unistd.h>

#include <array>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "experiments/records/executable.h"
#include "experiments/records/text.h"
#include "gradus_build_info.h"  // made by cmake/build_info.cmake at each build

// Where the program was built against an installed library, it brings these (cmake/study.cpp).
extern "C" [[gnu::weak]] const char* gradus_study_commit();
extern "C" [[gnu::weak]] bool gradus_study_dirty();

namespace gradus::records {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? printable(name.data()) : "unknown";
}

// As /proc/cpuinfo has it.
std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name") || line.starts_with("Model"))
      if (const auto colon = line.find(": "); colon != std::string::npos) return printable(line.substr(colon + 2));
  return "unknown";
}

}  // namespace

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
  if (!end || *end) throw std::invalid_argument(fmt::format("bad time '{}', expected YYYY-MM-DDThh:mm:ssZ", text));
  return std::chrono::system_clock::from_time_t(::timegm(&utc));
}

nlohmann::json program_json() {
  return {{"executable_sha256", executable_sha256()},
          {"git_commit", gradus_study_commit ? gradus_study_commit() : GRADUS_STUDY_COMMIT},
          {"git_dirty", gradus_study_dirty ? gradus_study_dirty() : GRADUS_STUDY_DIRTY != 0},
          {"gradus_commit", GRADUS_COMMIT},
          {"gradus_dirty", GRADUS_DIRTY != 0}};
}

nlohmann::json provenance_json() {
  nlohmann::json all = program_json();
  all.update({{"compiler", GRADUS_COMPILER},
              {"compiler_flags", printable(GRADUS_COMPILER_FLAGS, std::string::npos)},
              {"host", host_name()},
              {"processor", processor_name()}});
  return all;
}

}  // namespace gradus::records
