// The sum of the Hessian's eigenvalues.
#pragma once

#include <memory>

#include "experiments/lab/instrument.h"

namespace gradus::lab {

struct TraceOptions {
  std::int64_t every = 100;
  std::int64_t examples = 0;  // the first of the training set; 0: the step's batch
  std::int64_t probes = 10;
};

// The table "trace": `trace` of the Hessian at the point from which the step was taken, by random probes (Hutchinson
// 1989, autodiff/curvature/trace.h), and its `standard_error`. It costs a gradient and two for each probe.
std::shared_ptr<Instrument> trace(const TraceOptions& options = {});

}  // namespace gradus::lab
