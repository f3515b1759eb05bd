// Text as examples for a model that says at each place which character comes next.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "experiments/lab/source.h"

namespace gradus::lab {

// A file cut into pieces of `length` bytes: tokens [length] as inputs, and as targets those that follow each of them. A
// token is the number of a byte among those that the file has, in their order. Of the pieces the first 80 % are for
// training, the next 10 % for validation, the last to test. The file is read when examples are first looked at: that
// throws std::runtime_error with the path for one that cannot be read or has less than 10 pieces.
Dataset text_dataset(const std::filesystem::path& path, std::int64_t length);

}  // namespace gradus::lab
