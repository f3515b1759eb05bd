// Examples that are costly to compute.
#pragma once

#include "experiments/lab/source.h"

namespace gradus::lab {

// The same examples, of which each is computed once, and kept in float64. The first few that are read one at a time are
// computed alone: whoever asks whether a model fits to them, as a sweep does for a thousand runs, looks at one.
Source remembered(const Source& source);

}  // namespace gradus::lab
