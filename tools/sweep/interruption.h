// What becomes of a command that was asked to end.
#pragma once

#include "experiments/records/program.h"
#include "tools/sweep/signals.h"

namespace gradus::sweep {

// The exit code of `body`, or that of who asked for the end, which is the same whatever it ended.
template <class Body>
int unless_interrupted(const Signals& signals, const Body& body) {
  try {
    return body();
  } catch (const records::Interrupted& signal) {
    records::complain("sweep", signal.what);
    return signals.limit_is_near() ? records::exit_stopped : records::exit_interrupted;
  }
}

}  // namespace gradus::sweep
