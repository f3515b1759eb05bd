// Writing to a program that has closed its input is an error to be seen, and no reason to end.
#pragma once

#include <csignal>

namespace gradus {

// Until its end SIGPIPE is ignored: a write fails with EPIPE instead.
class PipeSignalIgnored {
 public:
  PipeSignalIgnored() : before_(std::signal(SIGPIPE, SIG_IGN)) {}
  ~PipeSignalIgnored() { std::signal(SIGPIPE, before_); }
  PipeSignalIgnored(const PipeSignalIgnored&) = delete;
  PipeSignalIgnored& operator=(const PipeSignalIgnored&) = delete;

 private:
  void (*before_)(int);
};

}  // namespace gradus
