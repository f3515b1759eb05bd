#include "tools/sweep/supervisor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <limits>
#include <string_view>

#include "tools/sweep/descendants.h"
#include "tools/sweep/namespace.h"

namespace gradus::sweep {
namespace {

static_assert(ask_to_end == SIGTERM);

constexpr int exit_not_executable = 127;
constexpr int exit_abandoned = 137;

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

std::vector<std::string> merged(const Environment& own) {
  std::vector<std::string> all;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::string_view name = text.substr(0, text.find('=') + 1);
    const bool replaced =
        std::any_of(own.begin(), own.end(), [&](const auto& entry) { return entry.starts_with(name); });
    if (!replaced || name.empty()) all.emplace_back(text);
  }
  all.insert(all.end(), own.begin(), own.end());
  return all;
}

// True where the file is at fault, and not the state of the system.
bool is_no_program(int error) {
  return error == ENOENT || error == ENOEXEC || error == EACCES || error == E2BIG || error == ELIBBAD ||
         error == ENOTDIR || error == ELOOP;
}

// The last steps before the program, in its own process; returns only where they fail, with errno.
void become(const Launch& launch, pid_t supervisor) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != supervisor) ::_exit(exit_abandoned);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD, SIGPIPE, SIGXFSZ}) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (!launch.processors.empty()) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const int processor : launch.processors) CPU_SET(processor, &set);
    if (::sched_setaffinity(0, sizeof set, &set) != 0) return;
  }
  const int input = launch.input >= 0 ? launch.input : ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (input < 0 || ::dup2(input, STDIN_FILENO) < 0 || ::dup2(launch.output, STDOUT_FILENO) < 0 ||
      ::dup2(launch.errors, STDERR_FILENO) < 0)
    return;
  const std::vector<std::string> variables = merged(launch.environment);
  const auto arguments = pointers(launch.argv), environment = pointers(variables);
  if (launch.memory) {  // the program's, and not this process's: it has allocated what it needs
    const rlimit most{*launch.memory, *launch.memory};
    if (::setrlimit(RLIMIT_DATA, &most) != 0) return;
  }
  ::execve(launch.argv[0].c_str(), arguments.data(), environment.data());
  const int error = errno;
  if (is_no_program(error)) {
    const char* reason = error == ENOENT ? "the file or its interpreter does not exist" : std::strerror(error);
    const std::string line = fmt::format("sweep: {}: cannot be executed: {}\n", launch.argv[0], reason);
    static_cast<void>(::write(STDERR_FILENO, line.data(), line.size()) >= 0);
    ::_exit(exit_not_executable);
  }
  errno = error;
}

// The program's process; -1, with errno, where the system refused.
pid_t start(const Launch& launch) {
  int refusal[2];
  if (::pipe2(refusal, O_CLOEXEC) != 0) return -1;
  const pid_t self = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    become(launch, self);
    const int error = errno;
    static_cast<void>(::write(refusal[1], &error, sizeof error) >= 0);
    ::_exit(exit_not_executable);
  }
  int error = errno;
  if (child > 0) ::setpgid(child, child);  // in both processes, so that neither depends on the other being first
  ::close(refusal[1]);
  const bool refused = child < 0 || ::read(refusal[0], &error, sizeof error) == static_cast<ssize_t>(sizeof error);
  ::close(refusal[0]);
  errno = error;
  return refused ? -1 : child;
}

void close_all_but(const std::set<int>& kept) {
  unsigned int first = STDERR_FILENO + 1;
  for (const int descriptor : kept) {
    const auto number = static_cast<unsigned int>(descriptor);
    if (number > first) ::close_range(first, number - 1, 0);
    first = std::max(first, number + 1);
  }
  ::close_range(first, std::numeric_limits<unsigned int>::max(), 0);
}

void tell(int report, ProcessEnd ending) { static_cast<void>(::write(report, &ending, sizeof ending) >= 0); }

// To the program's group, which it may have left.
void pass_on(pid_t program, int signal) {
  ::kill(-program, signal);
  if (::getpgid(program) != program) ::kill(program, signal);
}

// Waits for the program's end and passes on what the sweep asks for. Without an ending where the sweep is gone.
ProcessEnd watch(pid_t program, int signals, int lifeline) {
  for (;;) {
    pollfd waiting[2] = {{signals, POLLIN, 0}, {lifeline, POLLIN, 0}};
    if (::poll(waiting, 2, -1) < 0 && errno != EINTR) return {};
    if (waiting[1].revents != 0) return {};
    signalfd_siginfo signal{};
    while (::read(signals, &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
      if (signal.ssi_signo == ask_to_end) pass_on(program, SIGTERM);
      if (signal.ssi_signo == end_at_once) pass_on(program, SIGKILL);
    }
    int status = 0;
    for (pid_t child = 0; (child = ::waitpid(-1, &status, WNOHANG)) > 0 || (child < 0 && errno == EINTR);) {
      if (child != program) continue;  // an orphan that was adopted
      if (WIFEXITED(status)) return {ProcessEnd::Kind::exited, WEXITSTATUS(status)};
      return {ProcessEnd::Kind::signalled, WTERMSIG(status)};
    }
  }
}

}  // namespace

void supervise(const Launch& launch, int lifeline, int report, std::set<int> kept, std::optional<pid_t> last_pid) {
  ::setpgid(0, 0);
  if (last_pid ? !furnish_namespace(*last_pid) : ::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
    tell(report, {ProcessEnd::Kind::not_started, errno});
    ::_exit(1);
  }
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGCHLD, ask_to_end, end_at_once}) sigaddset(&set, signal);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  const int signals = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  const pid_t program = signals < 0 ? -1 : start(launch);
  if (program < 0) {
    tell(report, {ProcessEnd::Kind::not_started, errno});
    ::_exit(1);
  }
  // The program has its own by now; an end of a pipe that stayed open here would never be seen to close.
  kept.insert({lifeline, report, signals});
  kept.insert(launch.kept.begin(), launch.kept.end());
  close_all_but(kept);
  const ProcessEnd ending = watch(program, signals, lifeline);
  // In a namespace of its own this process is the first, and the kernel ends the others with it.
  if (!last_pid) end_children();
  if (ending.kind != ProcessEnd::Kind::lost) tell(report, ending);
  ::_exit(ending.kind == ProcessEnd::Kind::lost ? exit_abandoned : 0);
}

}  // namespace gradus::sweep
