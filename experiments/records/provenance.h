// Where numbers come from: the program, its source, the compiler, the machine and the time.
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace gradus::records {

// UTC, to the second: 2024-05-06T07:08:09Z.
std::string iso_time(std::chrono::system_clock::time_point time);
std::chrono::system_clock::time_point parse_iso_time(const std::string& text);

// {"executable_sha256", "git_commit", "git_dirty", "gradus_commit", "gradus_dirty"}: when the program was built, the
// commit of the project that was built (a study of its own, or Gradus itself) and that of Gradus; "unknown" outside of
// a git checkout. Dirty means that a source or build file differed from the commit, or was not part of it.
nlohmann::json program_json();
// The same with {"compiler", "compiler_flags", "host", "processor"}.
nlohmann::json provenance_json();

}  // namespace gradus::records
