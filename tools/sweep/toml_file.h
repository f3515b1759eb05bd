// A sweep's specification in a TOML file:
//
//   program = "optimizer_comparison"       # beside the sweep tool; with a slash, a path from the current directory
//   [options]                              # of every run: scalars, arrays, or strings with lists and ranges
//   seed = "0:4"
//   epochs = 5
//   [[group]]                              # optional; each group is a grid of its own, over [options] and these
//   optimizer = "sgd"
//   learning_rate = [0.1, 0.01]
#pragma once

#include <filesystem>

#include "tools/sweep/specification.h"

namespace gradus::sweep {

// Throws UsageError with the file and line for text that is not such a specification, and when it cannot be read.
Specification load_toml(const std::filesystem::path& path);

}  // namespace gradus::sweep
