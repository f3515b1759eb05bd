// Tables of numbers as examples: a row is one, its last column the target.
#pragma once

#include <filesystem>

#include "experiments/lab/source.h"

namespace gradus::lab {

// What the last column of a table has.
enum class LastColumn { number, label };

// Inputs [columns - 1] and a target [1], or a label counted from 0. The file is read when examples are first looked at:
// see read_number_table(), which throws std::runtime_error with the path; so do a table of one column, and labels that
// are no whole numbers from 0 to 2^31 - 1.
Source csv_source(const std::filesystem::path& path, LastColumn last);

}  // namespace gradus::lab
