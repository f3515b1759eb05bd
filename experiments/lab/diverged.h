// How a run ends that has diverged.
#pragma once

#include <stdexcept>

namespace gradus::lab {

// Thrown when a number is not finite: the run ends, recorded as diverged, with everything that was logged.
struct Diverged : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace gradus::lab
