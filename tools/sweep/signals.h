// The signals that end a sweep, and the one that tells of a child's end: blocked and fetched, no handler, no race.
#pragma once

#include <poll.h>

#include <chrono>
#include <csignal>
#include <span>

#include "experiments/records/descriptor.h"

namespace gradus::sweep {

class Signals {
 public:
  Signals();   // blocks them; throws records::SystemError
  ~Signals();  // lets them through as before
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  int descriptor() const { return descriptor_.get(); }  // readable when one has come
  bool take();                                          // fetches all that came; true when the sweep is to end
  // Whether SIGUSR1 was what came first: a time limit is near, and somebody starts the sweep again.
  bool limit_is_near() const { return limit_is_near_; }
  // take() when one comes, when one of the others is ready, as poll() tells, or after the time.
  bool wait(std::chrono::milliseconds time, std::span<pollfd> others = {});
  // Looks every few milliseconds at most. Throws records::Interrupted when the sweep is to end.
  void check();

 private:
  sigset_t mask_before_{};
  records::Descriptor descriptor_;
  bool ending_ = false, limit_is_near_ = false;
  std::chrono::steady_clock::time_point next_check_{};
};

}  // namespace gradus::sweep
