// What a task of a job array has left without a result, written by it for the sweep that waits for it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tools/sweep/runner.h"

namespace gradus::sweep {

struct LeftRun {
  enum class How { not_begun, interrupted, stopped, left_alone };  // stopped: by itself, and it can go on (code 75)
  std::string id;
  How how = How::not_begun;
  std::string reason;  // tells the step too from which it goes on
  bool operator==(const LeftRun&) const = default;
};

struct TaskEnd {
  bool limit_is_near = false;  // it was ended by SIGUSR1
  std::vector<LeftRun> runs = {};
  bool operator==(const TaskEnd&) const = default;

  static TaskEnd of(const Outcome& outcome, bool limit_is_near);
  // None where there is none, or none that is whole.
  static std::optional<TaskEnd> read(const std::filesystem::path& file);
  void write(const std::filesystem::path& file) const;  // throws records::SystemError
};

}  // namespace gradus::sweep
