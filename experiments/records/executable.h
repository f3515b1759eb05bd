// Which executable a process runs.
#pragma once

#include <filesystem>
#include <string>

namespace gradus::records {

// SHA-256 of the program that is running (/proc/self/exe, so behind a script too); "unknown" without /proc. Told by
// whoever started it (executable_variable), or else computed once, when it is first asked for. Throws SystemError.
const std::string& executable_sha256();

// GRADUS_EXECUTABLE=DEVICE:INODE:SIZE:TIME:DIGEST, for the environment of those that will run this file: they need not
// read it again. It holds while the file is the same and has not changed since now. Throws SystemError.
std::string executable_variable(const std::filesystem::path& file, const std::string& sha256);

}  // namespace gradus::records
