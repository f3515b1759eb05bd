// Whether the parts of a workload go together, before there is a run.
#pragma once

#include "experiments/lab/workload.h"

namespace gradus::lab {

// Tries model, loss and metrics on one training example. Throws std::invalid_argument, which names the workload, the
// part that refuses and the shapes that it was given.
void check_fit(const Workload& workload, DType type);

}  // namespace gradus::lab
