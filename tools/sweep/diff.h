// Where two runs begin to differ.
#pragma once

#include <filesystem>

namespace gradus::sweep {

// Prints the options in which two runs differ, the first step whose fingerprint differs, and of each table that both
// have the first row that differs in a bit of any column but times. A run is a folder or a file in it, finished or
// not. True if nothing but options and times differs. Throws UsageError for what has no log, records::SystemError.
bool print_difference(const std::filesystem::path& first, const std::filesystem::path& second);

}  // namespace gradus::sweep
