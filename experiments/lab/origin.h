// Where a run begins, and what follows from it: its random streams, what is recorded of it, and what must be as it was.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/lab/continuation.h"
#include "experiments/lab/options.h"
#include "experiments/lab/streams.h"

namespace gradus::records {
class RunFolder;
}

namespace gradus::lab {

// Of a run that is computed once more, to measure it.
struct Again {
  std::int64_t steps;            // that the other one took, or fewer
  std::vector<std::int64_t> at;  // at which to measure; empty: as the instruments say
  std::filesystem::path of;
  bool must_compare;  // the fingerprints
};

class Origin {
 public:
  Origin(Continuation from, std::uint64_t seed);
  // Declares --resume, --fork, --reseed, --replay and --at, and notes what is recorded of them. `stop_at` is the step
  // at which the run is to stop, or -1. Throws UsageError for what does not go together.
  void declare(Options& options, std::int64_t stop_at);

  const Continuation& from() const { return from_; }
  bool is_new() const { return from_.kind == Continuation::Kind::none; }
  bool is_resumed() const { return from_.kind == Continuation::Kind::resume; }
  bool is_fork() const { return from_.kind == Continuation::Kind::fork; }
  bool is_replay() const { return from_.kind == Continuation::Kind::replay; }
  const std::optional<Again>& again() const { return again_; }

  // While the state is put back, the streams are those with which it was made.
  RandomStream stream(std::string_view purpose, std::uint64_t index) const {
    return (is_restoring_ ? streams_before_ : streams_).stream(purpose, index);
  }
  void set_restoring(bool is_restoring) { is_restoring_ = is_restoring; }
  bool draws_anew(std::string_view purpose) const;

  // A run that goes on, or is computed once more, is the one that it was. Throws UsageError.
  void require_same_options(const Options& options) const;
  // The same method with the same counts, flags and choices, so that its state means the same.
  bool has_same_method(const Options& options) const;
  // The last step whose checkpoint a replay may begin with; looks how many steps that run took. 0 for anything else.
  std::int64_t last_beginning(std::int64_t stop_at);
  // In the run's attributes: `step` is that of the checkpoint with which it begins.
  void record(records::RunFolder& folder, std::int64_t step) const;

 private:
  Continuation from_;
  std::uint64_t seed_;
  RunStreams streams_, streams_before_;
  std::string reseeded_;
  bool is_restoring_ = false;
  std::optional<Again> again_;
};

}  // namespace gradus::lab
