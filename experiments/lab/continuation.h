// Where a run begins that does not begin at zero: what --resume, --fork and --replay ask for.
#pragma once

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace gradus::lab {

struct Continuation {
  enum class Kind {
    none,
    resume,  // goes on in the folder of a run that was stopped
    ended,   // was to be resumed, and has come to its end already
    fork,    // a run of its own from a step of another one, with other options where they are given
    replay   // another run once more, to measure what was not measured
  };
  Kind kind = Kind::none;
  std::filesystem::path folder = {};       // of the other run, or of the one that goes on
  std::int64_t step = 0;                   // of a fork
  nlohmann::json configuration = {};       // of that run
  std::filesystem::path checkpoints = {};  // where they are: the folder, unless they had to be made
  std::string status = {};                 // of a run that has ended
  const nlohmann::json* recorded() const;  // its options; null of none
  // The program's own options; of a run that goes on, also what else it was asked for.
  nlohmann::json options() const;
  // With which that run began: 0, or where it is a fork, the step of that.
  std::int64_t first_step() const;
  // "1a2b3c4d5e6f@500", "1a2b3c4d5e6f": by the configuration's hash, which tells the same whoever made the run
  std::string identity() const;
};

// What a run's options record of where it begins, beside the program's own.
inline constexpr std::array origin_notes = {"fork", "streams", "replay", "at"};

// What a program's arguments ask for. Looks into the folder, and changes nothing. Throws UsageError for a folder that
// holds no run, options that exclude each other, and std::runtime_error for what cannot be read.
Continuation continuation_of(const std::string& program, const std::vector<std::string>& arguments);

// "0:1000:10", "5,7": steps, ascending, each once. Throws UsageError, which names the option.
std::vector<std::int64_t> parse_steps(const std::string& option, const std::string& text);

}  // namespace gradus::lab
