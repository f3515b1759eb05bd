// How far a step goes.
#pragma once

#include <memory>

#include "experiments/lab/instrument.h"

namespace gradus::lab {

struct UpdateOptions {
  std::int64_t every = 10;

  static constexpr InstrumentDescription describe() {
    return {"update",
            "norm of the step and its ratio to the parameters', by layer",
            "0",
            {settings::field<&UpdateOptions::every>(settings::at_least(1), "steps from one measurement to the next")}};
  }
};

// The table "update": `norm` and, by slice, `layer_norm` of the step, and its ratio to the norm of the parameters
// before it, `ratio` and `layer_ratio`: NaN for parameters that are all 0. It costs no gradient.
std::shared_ptr<Instrument> update_norms(const UpdateOptions& options = {});

}  // namespace gradus::lab
