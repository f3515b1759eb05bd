// Which executable a sweep runs: a copy that it keeps, so that a rebuild meanwhile changes nothing.
#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>

#include "tools/sweep/layout.h"
#include "tools/sweep/supervisor.h"

namespace gradus::sweep {

struct Executable {
  std::filesystem::path path;  // as found
  std::string digest;          // SHA-256 of the file
  // Not one that may look beside itself (a script, an executable with $ORIGIN among the paths of its libraries), nor
  // one of more than a gigabyte.
  bool may_be_copied = false;
};

// Throws records::SystemError.
Executable read_executable(const std::filesystem::path& program);

// The file to run: OUTPUT/.programs/DIGEST/NAME, made of the very bytes that were digested, or reused where it has
// them; the original where it may not be copied or OUTPUT's file system executes nothing. Throws records::SystemError,
// and std::runtime_error where the program was replaced since it was digested.
std::filesystem::path kept_copy(const std::filesystem::path& output, const Executable& executable);

// What tells a run of a kept copy its digest, so that it need not read the whole file at each start; nothing for other
// files, which may change meanwhile. Throws records::SystemError.
Environment known_digest(const std::filesystem::path& kept);

[[noreturn]] void refuse_replaced(const Executable& executable);

// Removes the copies of other executables than those with these digests. `more` is asked for further ones only where
// something would be removed. What cannot be removed stays.
void remove_unused_copies(const std::filesystem::path& output, const std::set<std::string>& used,
                          const std::function<std::set<std::string>()>& more);

}  // namespace gradus::sweep
