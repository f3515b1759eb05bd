// How long the parameters are.
#pragma once

#include <memory>

#include "experiments/lab/instrument.h"

namespace gradus::lab {

struct ParametersOptions {
  std::int64_t every = 10;

  static constexpr InstrumentDescription describe() {
    return {
        "parameters",
        "norm of the parameters, by layer",
        "0",
        {settings::field<&ParametersOptions::every>(settings::at_least(1), "steps from one measurement to the next")}};
  }
};

// The table "parameters": `norm` and, by slice, `layer_norm` of the parameters before the step. It costs no gradient.
std::shared_ptr<Instrument> parameter_norms(const ParametersOptions& options = {});

}  // namespace gradus::lab
