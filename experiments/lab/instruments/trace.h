// The sum of the Hessian's eigenvalues.
#pragma once

#include <memory>

#include "experiments/lab/instrument.h"

namespace gradus::lab {

struct TraceOptions {
  std::int64_t every = 100;
  std::int64_t examples = 0;  // the first of the training set; 0: the step's batch
  std::int64_t probes = 10;

  static constexpr InstrumentDescription describe() {
    return {"trace",
            "trace of the Hessian",
            "(1 + 2 probes) n",
            {settings::field<&TraceOptions::every>(settings::at_least(1), "steps from one measurement to the next"),
             settings::field<&TraceOptions::examples>(settings::at_least(0),
                                                      "the first of the training set; 0: the batch of the step"),
             settings::field<&TraceOptions::probes>(settings::at_least(2), "random vectors of the estimate")}};
  }
};

// The table "trace": `trace` of the Hessian at the point from which the step was taken, by random probes (Hutchinson
// 1989, autodiff/curvature/trace.h), and its `standard_error`. It costs a gradient and two for each probe.
std::shared_ptr<Instrument> trace(const TraceOptions& options = {});

}  // namespace gradus::lab
