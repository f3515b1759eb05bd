// What files hold as data of a problem.
#pragma once

#include <cstdint>
#include <filesystem>

#include "experiments/lab/number_table.h"
#include "experiments/problems/problem.h"

namespace gradus {

// The last column of a table is the target, the others are inputs. At most `most` rows if that is not 0. Throws as
// lab::read_number_table does, and for a table of one column.
problems::Data read_table(const std::filesystem::path& path, lab::Separator separator, std::int64_t most);

// Images scaled to [0, 1] as rows, and labels; IDX files as the MNIST family has them, plain or gzip. Throws as
// lab::read_idx does, and where the counts differ.
problems::Data read_images(const std::filesystem::path& images, const std::filesystem::path& labels, std::int64_t most);

}  // namespace gradus
