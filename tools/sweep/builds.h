// Which executable a sweep runs: a copy that it keeps, so that a rebuild meanwhile changes nothing.
#pragma once

#include <filesystem>
#include <string>

namespace gradus::sweep {

struct Executable {
  std::filesystem::path path;  // as found
  std::string digest;          // SHA-256 of the file
  // Of a program that may be copied; empty for one that may look beside itself (a script, an executable with $ORIGIN
  // among the paths of its libraries) and for one of more than a gigabyte.
  std::string bytes;
};

// Throws records::SystemError.
Executable read_executable(const std::filesystem::path& program);

// The file to run: OUTPUT/.programs/DIGEST/NAME, made of the very bytes that were digested, or reused where it has
// them; the original where it may not be copied or OUTPUT's file system executes nothing. Throws records::SystemError.
std::filesystem::path kept_copy(const std::filesystem::path& output, const Executable& executable);

}  // namespace gradus::sweep
