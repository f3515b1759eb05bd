// Which failures may pass by themselves, and when a run that had one is tried again.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tools/sweep/planner.h"
#include "tools/sweep/supervisor.h"

namespace gradus::sweep {

// How an attempt ended, from where the next one would go on, and how much it had logged by then.
struct Setback {
  int code = 0;
  std::string reason;
  std::optional<std::int64_t> step = {};
  std::uintmax_t logged = 0;  // bytes
  bool at_limit = false;      // of time or memory: as it would end wherever the next one does not come further
  // The same has happened again; what was said of it may have a time in it.
  bool operator==(const Setback& other) const {
    return code == other.code && step == other.step && logged == other.logged;
  }
};

// By what the run's folder says.
Setback setback_in(const std::filesystem::path& folder, int code, std::string reason);
// By what the folders of all attempts on the run say: who was killed may have had any of them.
Setback setback_of(const Job& job, const Step& step, int code, std::string reason);

// Whether it may end otherwise another time: a signal ended it, memory did not suffice, or it stopped by itself and can
// go on (code 75). `line` is the last that it wrote: memory is told by the words of Gradus, C++ and Python.
bool may_pass(const ProcessEnd& ending, int code, std::string_view line);

class Retries {
 public:
  // At most so many of a run.
  explicit Retries(int most) : most_(most) {}

  struct Verdict {
    // How long to wait before the next attempt: twice as long each time. None where there is to be none: there were
    // enough, or the same has happened again.
    std::optional<std::chrono::milliseconds> pause = {};
    // Nothing lay between this and the one before or, at a limit, no attempt has come further than all before it.
    bool is_repeated = false;
  };
  Verdict after(std::size_t run, Setback setback);
  // It has had one.
  bool knows(std::size_t run) const { return runs_.contains(run); }

 private:
  struct Past {
    int count = 0;
    Setback last;
    std::optional<std::int64_t> furthest = {};
    bool was_at_limit = false;
  };
  int most_;
  std::map<std::size_t, Past> runs_;
};

}  // namespace gradus::sweep
