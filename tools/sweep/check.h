// Asking a program what it is and whether it accepts a grid, before anything runs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/sweep/answers.h"
#include "tools/sweep/conversation.h"

namespace gradus::sweep {

// Asks `program --describe`.
ProgramDescription describe(Children& children, Signals& signals, const std::filesystem::path& program);

// Has the program look at every combination, in one process for all: `program --describe-runs` reads an array of
// arguments a line and answers, after a header, with a run's effective options and their digest, or what it would say
// against them. Sets each config_hash and leaves out combinations that come to the same as an earlier one. Throws
// UsageError with the options of the first that is refused, std::runtime_error where the program does not keep to that.
void check_runs(Children& children, Signals& signals, const std::filesystem::path& program,
                const ProgramDescription& description, std::vector<Combination>& combinations,
                const Meanwhile& meanwhile = {});

}  // namespace gradus::sweep
