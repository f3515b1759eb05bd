// How long the parameters are, and how many of them are near zero.
#pragma once

#include <memory>

#include "experiments/lab/instrument.h"

namespace gradus::lab {

struct ParametersOptions {
  std::int64_t every = 10;
  double near_zero = 0.01;

  static constexpr InstrumentDescription describe() {
    return {
        "parameters",
        "norm of the parameters, and the share that is near zero, by layer",
        "0",
        {settings::field<&ParametersOptions::every>(settings::at_least(1), "steps from one measurement to the next"),
         settings::field<&ParametersOptions::near_zero>(
             settings::non_negative(), "what is near zero, in terms of the root mean square of a layer")}};
  }
};

// The table "parameters": `norm` and, by slice, `layer_norm` of the parameters before the step; and `near_zero` and
// `layer_near_zero`, the shares of those that are not larger than `near_zero` times the root mean square of their
// slice, so that a slice that only became smaller has no more of them (of normal numbers 0.8 % are within 0.01), and
// one of zeros alone has the share 1. It costs no gradient.
std::shared_ptr<Instrument> parameter_norms(const ParametersOptions& options = {});

}  // namespace gradus::lab
