#include "tools/sweep/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "tools/sweep/specification.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }

 private:
  int number_;
};

pid_t start(const std::vector<std::string>& argv, const Environment& environment, int output, int errors) {
  // All memory is taken before the fork; the child makes only async-signal-safe calls.
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::vector<char*> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::string_view name = text.substr(0, std::min(text.find('='), text.size() - 1) + 1);
    if (std::none_of(environment.begin(), environment.end(), [&](const auto& own) { return own.starts_with(name); }))
      variables.push_back(*variable);
  }
  for (const std::string& variable : environment) variables.push_back(const_cast<char*>(variable.c_str()));
  variables.push_back(nullptr);
  const std::string complaint = fmt::format("sweep: {}: cannot be executed: ", argv[0]);

  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error(fmt::format("{}: cannot be started: {}", argv[0], std::strerror(errno)));
  if (child > 0) {
    ::setpgid(child, child);  // in both processes, so that neither depends on the other being first
    return child;
  }
  ::setpgid(0, 0);
  // A run whose sweep is killed with SIGKILL must not go on writing into a folder that the next sweep takes over.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGPIPE}) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  if (nothing > STDERR_FILENO) ::close(nothing);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  ::execve(arguments[0], arguments.data(), variables.data());
  const char* reason = errno == ENOEXEC  ? "not an executable format\n"
                       : errno == ENOENT ? "the file or its interpreter does not exist\n"
                       : errno == E2BIG  ? "the arguments are too long\n"
                                         : "execve failed\n";
  if (::write(STDERR_FILENO, complaint.data(), complaint.size()) >= 0)
    static_cast<void>(::write(STDERR_FILENO, reason, std::strlen(reason)) >= 0);
  ::_exit(127);
}

}  // namespace

pid_t start_process(const std::vector<std::string>& argv, const Environment& environment, const fs::path& log) {
  // Append mode: stdout and stderr share the file, as do a run's own children.
  const Descriptor file(::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644));
  if (file.get() < 0)
    throw std::runtime_error(fmt::format("{}: cannot be written: {}", log.string(), std::strerror(errno)));
  return start(argv, environment, file.get(), file.get());
}

std::optional<Output> output_of(const std::vector<std::string>& argv, std::chrono::milliseconds time) {
  constexpr std::size_t max_size = 4 << 20;
  const Descriptor file(::memfd_create("output", MFD_CLOEXEC)), complaints(::memfd_create("errors", MFD_CLOEXEC));
  if (file.get() < 0 || complaints.get() < 0) return std::nullopt;
  const pid_t child = start(argv, {"OMP_NUM_THREADS=1"}, file.get(), complaints.get());
  const auto deadline = std::chrono::steady_clock::now() + time;
  // As below in the runner: look first, end what is left of the group, then collect the child.
  siginfo_t ended{};
  while (::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0 &&
         std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ::kill(-child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status)) return std::nullopt;
  const auto contents = [](const Descriptor& from) -> std::optional<std::string> {
    const off_t size = ::lseek(from.get(), 0, SEEK_END);
    if (size < 0 || static_cast<std::size_t>(size) > max_size) return std::nullopt;
    std::string text(static_cast<std::size_t>(size), '\0');
    if (::pread(from.get(), text.data(), text.size(), 0) != size) return std::nullopt;
    return text;
  };
  std::optional<std::string> text = contents(file), errors = contents(complaints);
  if (!text || !errors) return std::nullopt;
  return Output{WEXITSTATUS(status), std::move(*text), std::move(*errors)};
}

fs::path find_program(const std::string& program) {
  fs::path path = program;
  if (program.find('/') == program.npos) path = fs::read_symlink("/proc/self/exe").parent_path() / program;
  std::error_code error;
  if (!fs::exists(path, error))
    throw UsageError(
        fmt::format("{}: no such program{}", program,
                    path == program ? "" : fmt::format(": expected it as {} (or give a path)", path.string())));
  if (!fs::is_regular_file(path, error) || ::access(path.c_str(), X_OK) != 0)
    throw UsageError(fmt::format("{}: not an executable file", path.string()));
  return fs::absolute(path).lexically_normal();
}

int usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::string shell_text(const std::vector<std::string>& argv) {
  std::string text;
  for (const std::string& argument : argv) {
    if (!text.empty()) text += ' ';
    const bool plain = !argument.empty() && std::all_of(argument.begin(), argument.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 ||
             std::string_view("_-./=:,+@%").find(static_cast<char>(c)) != std::string_view::npos;
    });
    if (plain) {
      text += argument;
      continue;
    }
    text += '\'';
    for (const char c : argument) {
      if (c == '\'')
        text += "'\\''";
      else
        text += c;
    }
    text += '\'';
  }
  return text;
}

}  // namespace gradus::sweep
