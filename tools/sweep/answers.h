// What a program answers when it is asked what it is, and about the runs of a grid: lines of JSON, from a program that
// may be anybody's.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/sweep/combinations.h"

namespace gradus::sweep {

// What `program --describe` tells; empty where it does not know that option, or does not answer in time (patience.h).
struct ProgramDescription {
  std::string program;       // the name it gives itself, also behind a script
  std::string build;         // SHA-256 of its executable
  bool checks_runs = false;  // it answers --describe-runs
  bool late = false;         // it may know the option, but had not answered in time
};
// Of the whole text; empty for another one.
ProgramDescription description_in(std::string_view text);

// The lines that are sent to `program --describe-runs` and its answers: a header, and for each run its effective
// options and their digest, or what it would say against them. Refers to both.
class RunAnswers {
 public:
  RunAnswers(const ProgramDescription& description, std::vector<Combination>& combinations)
      : description_(description), combinations_(combinations) {}

  // The arguments of the next run; none after the last.
  std::optional<std::string> next_line();
  // Sets the config_hash of the combination that is answered. False for a line that is no answer: nothing after it
  // counts.
  bool take(std::string_view line);

  std::size_t answered() const { return answers_; }
  bool all_answered() const { return answers_ == combinations_.size(); }
  // What was wrong with a line; empty if nothing was.
  const std::string& problem() const { return problem_; }
  // The first run that is refused, with the reason, and how many more are; empty if none is.
  std::string refusal() const;

 private:
  void take_header(const nlohmann::json& answer);
  void take_answer(const nlohmann::json& answer);

  const ProgramDescription& description_;
  std::vector<Combination>& combinations_;
  std::size_t sent_ = 0, answers_ = 0, refused_ = 0;
  bool header_ = false;
  std::string problem_, refusal_;
};

}  // namespace gradus::sweep
