// `sweep list`: the runs of a sweep's folder as a table.
#pragma once

#include <filesystem>

namespace gradus::sweep {

// Prints to standard output; changes nothing. Throws UsageError when the folder holds no sweep, records::SystemError
// when it cannot be read now.
void print_runs(const std::filesystem::path& output);

}  // namespace gradus::sweep
