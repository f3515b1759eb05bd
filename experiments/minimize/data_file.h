// Data for regression problems from files: text tables and IDX files.
#pragma once

#include <cstdint>
#include <filesystem>

#include "experiments/problems/problem.h"

namespace gradus {

// Rows of numbers separated by commas, semicolons, tabs or spaces; the last column is the target, the others are
// inputs. Empty lines, lines that begin with '#' and one line of names in front are skipped. At most `most` rows if
// that is not 0. Throws std::runtime_error with path and line for anything else.
problems::Data read_table(const std::filesystem::path& path, std::int64_t most);

// Images scaled to [0, 1] as rows, and labels; IDX files as the MNIST family has them, plain or gzip. Throws as
// lab::read_idx does, and where the counts differ.
problems::Data read_images(const std::filesystem::path& images, const std::filesystem::path& labels, std::int64_t most);

}  // namespace gradus
