#include "tools/sweep/signals.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "experiments/records/program.h"

namespace gradus::sweep {

Signals::Signals() {
  sigset_t set;
  sigemptyset(&set);
  ::signal(SIGCHLD, SIG_DFL);  // if inherited as ignored, children could not be waited for
  sigaddset(&set, SIGCHLD);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
    struct sigaction action {};
    // What is ignored stays so: SIGHUP under nohup, SIGINT of a background job of a script.
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) sigaddset(&set, signal);
  }
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  descriptor_ = records::Descriptor(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!descriptor_) throw records::SystemError("/proc/self/fd", "no descriptor for signals", errno);
}

bool Signals::take() {
  bool end = false;
  signalfd_siginfo signal{};
  while (::read(descriptor_.get(), &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
    if (signal.ssi_signo == SIGCHLD) continue;
    if (!ending_) limit_is_near_ = signal.ssi_signo == SIGUSR1;
    ending_ = true;
    end = true;
  }
  return end;
}

bool Signals::wait(std::chrono::milliseconds time) {
  pollfd waiting{descriptor_.get(), POLLIN, 0};
  ::poll(&waiting, 1, static_cast<int>(time.count()));
  return take();
}

void Signals::check() {
  if (take()) throw records::Interrupted{"interrupted before the first run"};
}

}  // namespace gradus::sweep
