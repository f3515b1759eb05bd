// What the system lacks for a while: files that may be open, processes, memory. It may be there again when a run ends.
#pragma once

#include <cerrno>
#include <chrono>

namespace gradus::sweep {

class Shortage {
 public:
  // Of a run that could not be started: whether to try again, after a pause in which no other is begun. Not forever
  // where nothing runs that may end.
  bool passes(int error, bool something_runs) {
    if (error != EMFILE && error != ENFILE && error != EAGAIN && error != ENOMEM) return false;
    if (!something_runs) ++alone_;
    over_at_ = Clock::now() + pause;
    return alone_ <= most_alone;
  }
  // A run has been started.
  void end() { alone_ = 0; }
  bool lasts() const { return Clock::now() < over_at_; }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr auto pause = std::chrono::milliseconds(500);
  static constexpr int most_alone = 20;

  Clock::time_point over_at_ = Clock::now();
  int alone_ = 0;  // how often, one after another, while nothing ran
};

}  // namespace gradus::sweep
