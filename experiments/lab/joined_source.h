// Several sources one after another.
#pragma once

#include <vector>

#include "experiments/lab/source.h"

namespace gradus::lab {

// The rows of each part, one part after another. The parts have the first one's formats and an end; others are refused
// with std::invalid_argument when the source is looked at.
Source joined(std::vector<Source> parts);
// The first `count` rows of a source that begins again where it ends.
Source repeated(const Source& source, std::int64_t count);

}  // namespace gradus::lab
