// The IDX format of the MNIST family (LeCun, Cortes & Burges): 0 0 type rank, big-endian extents, elements in row-major
// order.
#pragma once

#include <cstdint>
#include <filesystem>

#include "experiments/lab/idx_file.h"

namespace gradus::lab {

// Reads a file of unsigned bytes, plain or gzip (told apart by their first bytes, not by the name). `rank` is the
// number of axes expected: 1 for labels, 3 for images. Throws std::runtime_error with the path for a file that is
// missing, truncated, corrupt, of another format, element type or rank, followed by other bytes, or larger than
// max_bytes; no memory is reserved for elements that the file cannot hold.
// A large gzip file is unzipped by the first process that reads it: see idx_cache.h.
IdxFile read_idx(const std::filesystem::path& path, int rank, std::int64_t max_bytes = std::int64_t{1} << 32);

// Images and their labels. Throws as read_idx() does, and where the counts differ.
struct LabelledImages {
  IdxFile images, labels;
};
LabelledImages read_labelled_images(const std::filesystem::path& images, const std::filesystem::path& labels);

}  // namespace gradus::lab
