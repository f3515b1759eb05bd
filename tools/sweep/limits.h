// What a run may take, and how often it is tried.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace gradus::sweep {

struct Limits {
  std::optional<std::chrono::milliseconds> time = {};  // of an attempt; beyond it the run has failed
  std::optional<std::uint64_t> memory = {};            // bytes of data of each of its processes
  bool pin = false;                                    // each on processors of its own
  int retries = 0;                                     // of what a signal ended, memory or a stop of its own (code 75)
  std::optional<int> most_failures = {};               // after which none is begun any more
};

}  // namespace gradus::sweep
