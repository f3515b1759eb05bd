// How long the gradient is.
#pragma once

#include <memory>

#include "experiments/lab/instrument.h"

namespace gradus::lab {

struct GradientOptions {
  std::int64_t every = 10;

  static constexpr InstrumentDescription describe() {
    return {
        "gradient",
        "norm of the gradient, by layer",
        "n",
        {settings::field<&GradientOptions::every>(settings::at_least(1), "steps from one measurement to the next")}};
  }
};

// The table "gradient": `norm` and, by slice of the parameters, `layer_norm` of the gradient of the step's batch at the
// point from which the step was taken: of the loss alone, before wrappers change it. It costs a gradient.
std::shared_ptr<Instrument> gradient_norms(const GradientOptions& options = {});

}  // namespace gradus::lab
