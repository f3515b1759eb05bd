// What a task of a job array has left without a result, written by it for the sweep that waits for it.
#pragma once

#include <cstdint>
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
  std::string reason;
  std::optional<std::int64_t> step = {};  // the furthest from which it could go on, of all goes of the task
  bool operator==(const LeftRun&) const = default;
};

struct TaskEnd {
  bool limit_is_near = false;  // it was ended by SIGUSR1
  std::vector<LeftRun> runs = {};
  bool operator==(const TaskEnd&) const = default;

  static TaskEnd of(const Outcome& outcome, bool limit_is_near, const std::optional<TaskEnd>& before);
  // Whether a run has come to its end, or further than ever, since that go of the task.
  bool is_beyond(const TaskEnd& before) const;
  const LeftRun* find(const std::string& id) const;  // null where it has left no such run
  // None where there is none, or none that is whole.
  static std::optional<TaskEnd> read(const std::filesystem::path& file);
  void write(const std::filesystem::path& file) const;  // throws records::SystemError
};

}  // namespace gradus::sweep
