#include "tools/sweep/namespace.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <random>
#include <string>

namespace gradus::sweep {

Namespaces::Namespaces() : own_(::open("/proc/self/ns/pid_for_children", O_RDONLY | O_CLOEXEC)) {
  if (!own_) return;
  const pid_t child = fork();
  if (child < 0) return;
  if (child == 0) ::_exit(furnish_namespace() ? 0 : 1);
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

bool furnish_namespace() {
  if (::unshare(CLONE_NEWNS) != 0) return false;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) return false;
  if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) return false;
  // Room for at least as many again below the smallest limit in use (32768).
  const std::string first = fmt::format("{}", 1000 + std::random_device{}() % 24000);
  const Descriptor file(::open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC));
  return file && ::write(file.get(), first.data(), first.size()) == static_cast<ssize_t>(first.size());
}

}  // namespace gradus::sweep
