// `sweep list`: the runs of a sweep's folder as a table.
#pragma once

#include <filesystem>

namespace gradus::sweep {

// Prints to standard output. Throws UsageError when the folder holds no sweep, std::runtime_error when its table is
// bad.
void print_runs(const std::filesystem::path& output);

}  // namespace gradus::sweep
