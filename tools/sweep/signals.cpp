#include "tools/sweep/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <vector>

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
  descriptor_ = records::Descriptor(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!descriptor_) throw records::SystemError("/proc/self/fd", "no descriptor for signals", errno);
  ::sigprocmask(SIG_BLOCK, &set, &mask_before_);
}

Signals::~Signals() {
  if (ending_) take();  // those that came after the first say nothing new
  ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
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

bool Signals::wait(std::chrono::milliseconds time, std::span<pollfd> others) {
  std::vector<pollfd> all(others.begin(), others.end());
  all.push_back({descriptor_.get(), POLLIN, 0});
  if (::poll(all.data(), all.size(), static_cast<int>(time.count())) < 0)
    for (pollfd& one : all) one.revents = 0;
  std::copy_n(all.begin(), others.size(), others.begin());
  return take();
}

void Signals::check() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_check_) return;
  next_check_ = now + std::chrono::milliseconds(5);
  if (take()) throw records::Interrupted{"interrupted"};
}

}  // namespace gradus::sweep
