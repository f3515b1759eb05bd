// What a run goes on from, as a file: a checkpoint (records/checkpoint.h).
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "experiments/records/run_position.h"
#include "optim/state.h"

namespace gradus::lab {

struct RunState {
  std::int64_t step = 0;          // steps taken
  std::string run_id;             // of the run that wrote it
  nlohmann::json arithmetic;      // with which it was computed (arithmetic.h)
  std::string divergence;         // of a run that went on after one
  records::RunPosition position;  // in the run's log
  optim::SavedState state;        // of all parts, as PART:NAME
};

// Writes the file as a whole and durable, or throws std::runtime_error with the path and leaves an old one as it is.
// Returns its bytes.
std::size_t save_run_state(const std::filesystem::path& path, const RunState& state);
// Throws std::runtime_error with the path for a file that is none, or is damaged.
RunState load_run_state(const std::filesystem::path& path);

}  // namespace gradus::lab
