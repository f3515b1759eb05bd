// What a training step holds in memory.
#pragma once

#include <memory>

#include "experiments/lab/instrument.h"

namespace gradus::lab {

struct MemoryOptions {
  std::int64_t every = 100;

  static constexpr InstrumentDescription describe() {
    return {"memory",
            "bytes that a gradient step needs: tape, batch, parameters with their gradient, the method's state",
            "n",
            {settings::field<&MemoryOptions::every>(settings::at_least(1), "steps from one measurement to the next")}};
  }
};

// The table "memory", in bytes: `tape`, which the values and derivatives of a gradient of the batch take; `batch`, its
// inputs and targets; `parameters`, and as much for their gradient; `state`, that of the method; and `total`. It
// costs a gradient.
std::shared_ptr<Instrument> memory(const MemoryOptions& options = {});

}  // namespace gradus::lab
