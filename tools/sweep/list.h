// `sweep list`: the runs of a sweep's folder as a table.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace gradus::sweep {

// Prints to standard output; changes nothing. `shown` are columns of the runs' tables as TABLE/COLUMN, an index being a
// column too: each run's last value of them, as its log has it by now. Throws UsageError when the folder holds no sweep
// or no log such a column, records::SystemError when the folder cannot be read now.
void print_runs(const std::filesystem::path& output, const std::vector<std::string>& shown = {});

}  // namespace gradus::sweep
