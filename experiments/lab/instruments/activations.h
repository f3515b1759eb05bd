// What goes on inside the model.
#pragma once

#include <memory>

#include "experiments/lab/instrument.h"

namespace gradus::lab {

struct ActivationsOptions {
  std::int64_t every = 100;

  static constexpr InstrumentDescription describe() {
    return {
        "activations",
        "moments, zeros, dead units and gradients inside the model",
        "n",
        {settings::field<&ActivationsOptions::every>(settings::at_least(1), "steps from one measurement to the next")}};
  }
};

// The table "activations": for each value that the model's layers show (nn::Forward::observe; a Sequential shows the
// output of each of its layers, "0 Linear"), on the step's batch at the point from which the step was taken, along the
// axis "layer":
//   mean, standard_deviation   of its numbers
//   zeros                      the share of numbers that are 0
//   dead                       the share of units, places of the last axis, that are 0 for all examples
//   gradient_norm              of the derivative of an example's loss by the value, root of the mean square over the
//                              examples, so that it does not depend on the size of the batch
// It costs a gradient.
std::shared_ptr<Instrument> activations(const ActivationsOptions& options = {});

}  // namespace gradus::lab
