#include "experiments/records/lifeline.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace gradus::records {
namespace {

constexpr const char* variable_name = "GRADUS_LIFELINE";

// The inode tells a pipe that was inherited from whatever else may have that number now.
ino_t inode_of(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && S_ISFIFO(status.st_mode) ? status.st_ino : 0;
}

void wait_for_the_end(int descriptor) {
  for (;;) {
    pollfd end{descriptor, POLLIN, 0};
    if (::poll(&end, 1, -1) < 0) {
      if (errno == EINTR) continue;
      return;
    }
    if (end.revents & POLLNVAL) return;  // the program closed it
    if (end.revents & POLLHUP) ::kill(::getpid(), SIGKILL);
  }
}

}  // namespace

Lifeline::Lifeline() : pipe_(make_pipe("/proc/self/fd")) {
  if (::fcntl(read_end(), F_SETFD, 0) != 0) throw SystemError("/proc/self/fd", "a pipe cannot be inherited", errno);
}

std::string Lifeline::variable() const {
  return fmt::format("{}={}:{}", variable_name, read_end(), inode_of(read_end()));
}

void watch_lifeline() {
  const char* text = std::getenv(variable_name);
  int descriptor = -1;
  unsigned long inode = 0;
  if (!text || std::sscanf(text, "%d:%lu", &descriptor, &inode) != 2 || inode == 0 || inode_of(descriptor) != inode)
    return;
  // Signals are the main thread's.
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread(wait_for_the_end, descriptor).detach();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace gradus::records
