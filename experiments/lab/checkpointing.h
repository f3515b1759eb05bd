// When a run writes checkpoints, and what it goes on from.
#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "experiments/lab/continuation.h"
#include "experiments/lab/options.h"
#include "experiments/lab/run_state.h"
#include "experiments/lab/state_fit.h"
#include "experiments/records/run_folder.h"

namespace gradus::lab {

class Checkpointing {
 public:
  // Declares --checkpoint-interval, --checkpoint-at, --stop-at and --not-bitwise.
  void declare(Options& options);

  // A part of what the run goes on from.
  void keep(std::string part, optim::Shown show, Fit fit);

  // Reads the state that a continuation goes on from: of a resumed run the latest that is whole and of which `accepts`
  // (the run's log) holds the rows, of a fork that of its step, of a replay the latest that is not after `first`; none
  // if a replay begins at zero. Throws UsageError where there is none, or where this process computes other bits and
  // --not-bitwise was not given.
  void find(const Continuation& from, std::int64_t first);
  // Tries the states found one after the other.
  const std::optional<RunState>& state() const { return state_; }
  bool next_best(const Continuation& from);
  // Whether other bits come than would have come there, and why: empty if not.
  const std::string& not_bitwise() const { return not_bitwise_; }

  // Puts the state found back into the parts. Returns the names of what of a fork begins anew.
  std::vector<std::string> restore(const Continuation& from, bool is_same_method);

  // After each step of a run that keeps its state: writes what is due, and tells whether the run is to stop here,
  // because it was asked to, or `is_asked` by a signal.
  bool end_of_step(std::int64_t step, bool is_asked, records::RunFolder& folder, const std::string& divergence);
  // Kept whatever follows: where a fork has begun.
  void keep_at(std::int64_t step, records::RunFolder& folder, const std::string& divergence);
  void begin(bool writes_generations);
  std::int64_t stop_at() const { return stop_at_; }  // -1: nowhere

 private:
  using Clock = std::chrono::steady_clock;
  void write(const std::filesystem::path& path, std::int64_t step, records::RunFolder& folder,
             const std::string& divergence);
  void write_generation(std::int64_t step, records::RunFolder& folder, const std::string& divergence, bool must);

  void require_same_bits(const Continuation& from);

  struct Part {
    std::string name;
    optim::Shown show;
    Fit fit;
  };
  std::vector<Part> parts_;
  std::optional<RunState> state_;
  std::vector<std::filesystem::path> others_;  // states that may be tried after it
  std::string not_bitwise_;
  std::filesystem::path next_generation_;  // empty: not looked for yet

  double interval_ = 0;
  std::vector<std::int64_t> kept_steps_;
  std::int64_t stop_at_ = -1;
  bool may_differ_ = false, writes_generations_ = true, has_complained_ = false;
  Clock::time_point next_;
  std::int64_t written_ = 0, bytes_ = 0;
  double seconds_ = 0;
};

}  // namespace gradus::lab
