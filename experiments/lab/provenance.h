// Where numbers come from: the source, the compiler, the machine and the time.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

namespace gradus::lab {

// What is known when the program was built; "unknown" outside of a git checkout. Dirty means that a source or build
// file differed from the commit, or was not part of it.
struct Build {
  std::string git_commit, compiler, compiler_flags;
  bool git_dirty;
};
const Build& build();

std::string host_name();
std::string processor_name();  // as /proc/cpuinfo has it
// UTC, to the second: 2024-05-06T07:08:09Z.
std::string iso_time(std::chrono::system_clock::time_point time);
std::chrono::system_clock::time_point parse_iso_time(const std::string& text);

// {"git_commit", "git_dirty", "compiler", "compiler_flags", "host", "processor"}
nlohmann::json provenance_json();

}  // namespace gradus::lab
