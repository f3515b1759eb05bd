// Which failures may pass by themselves, and when a run that had one is tried again.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tools/sweep/supervisor.h"

namespace gradus::sweep {

// How an attempt ended, from where the next one would go on, and how much it had logged by then.
struct Setback {
  int code = 0;
  std::string reason;
  std::optional<std::int64_t> step = {};
  std::uintmax_t logged = 0;  // bytes
  // The same has happened again; what was said of it may have a time in it.
  bool operator==(const Setback& other) const {
    return code == other.code && step == other.step && logged == other.logged;
  }
};

// By what the run's folder says.
Setback setback_in(const std::filesystem::path& folder, int code, std::string reason);

// Whether it may end otherwise another time: a signal ended it, memory did not suffice, or it stopped by itself and can
// go on (code 75). `line` is the last that it wrote: memory is told by the words of Gradus, C++ and Python.
bool may_pass(const ProcessEnd& ending, int code, std::string_view line);

class Retries {
 public:
  // At most so many of a run.
  explicit Retries(int most) : most_(most) {}

  // How long to wait before the next attempt: twice as long each time. None where there were enough, or where the same
  // has happened twice, without a step in between.
  std::optional<std::chrono::milliseconds> after(std::size_t run, Setback setback);

 private:
  struct Past {
    int count = 0;
    Setback last;
  };
  int most_;
  std::map<std::size_t, Past> runs_;
};

}  // namespace gradus::sweep
