#include "tools/sweep/namespace.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>

namespace gradus::sweep {
namespace {

constexpr pid_t first_pid = 300;        // where the kernel begins again after the last
constexpr double step = 0.61803398875;  // of the whole: its multiples fall evenly, and none on an earlier one

}  // namespace

Namespaces::Namespaces() : own_(::open("/proc/self/ns/pid_for_children", O_RDONLY | O_CLOEXEC)) {
  if (!own_) return;
  const pid_t child = fork();
  if (child < 0) return;
  if (child == 0) ::_exit(furnish_namespace(first_pid) ? 0 : 1);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  available_ = WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

pid_t Namespaces::fork() {
  if (::unshare(CLONE_NEWPID) != 0) return -1;
  const pid_t child = ::fork();
  int error = errno;
  // Without the way back, this process has no other children: when the namespace's first has ended, each further fork
  // fails.
  if (child != 0 && ::setns(own_.get(), CLONE_NEWPID) != 0) {
    error = errno;
    if (child > 0) ::kill(child, SIGKILL);
    if (child > 0) ::waitpid(child, nullptr, 0);
    errno = error;
    return -1;
  }
  errno = error;
  return child;
}

bool furnish_namespace(pid_t last_pid) {
  if (::unshare(CLONE_NEWNS) != 0) return false;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) return false;
  if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) return false;
  const std::string last = fmt::format("{}", last_pid);
  const records::Descriptor file(::open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC));
  return file && ::write(file.get(), last.data(), last.size()) == static_cast<ssize_t>(last.size());
}

// Two sweeps at a time begin at different places.
ProcessNumbers::ProcessNumbers() : position_(std::fmod(::getpid() * step, 1)) {
  pid_t end = 0;
  std::ifstream("/proc/sys/kernel/pid_max") >> end;
  constexpr pid_t smallest_in_use = 32768;
  count_ = (end > first_pid + 1 ? end : smallest_in_use) - first_pid - 1;
}

pid_t ProcessNumbers::next(const std::vector<pid_t>& in_use) {
  // Those in use keep less than half of all numbers from the next.
  const pid_t room = count_ / (4 * (static_cast<pid_t>(in_use.size()) + 1));
  for (;;) {
    position_ = std::fmod(position_ + step, 1);
    const pid_t chosen = first_pid + static_cast<pid_t>(position_ * count_);
    const auto is_near = [&](pid_t used) {
      const pid_t distance = std::abs(chosen - used);
      return std::min(distance, count_ - distance) < room;
    };
    if (std::none_of(in_use.begin(), in_use.end(), is_near)) return chosen;
  }
}

}  // namespace gradus::sweep
