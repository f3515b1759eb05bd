#include "process/piped_program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "process/pipe_signal.h"

namespace gradus {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds patience_after_signal(10);
constexpr int answers = 3, lifeline = 4;  // descriptors of the program, and of who watches us for it
constexpr std::size_t piece = 1 << 16, most_unasked = 1 << 20;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

struct Ends {
  int read = -1, write = -1;
};

// Kills the program's group, behind whatever shells, once the lifeline says that we are no more.
constexpr const char* watch = "{ read -r _; kill -9 0; } <&4 >/dev/null 2>&1 3>&- &\nexec 4<&-\n";

// Above the descriptors that the program gets, so that none is in the way of another.
Ends make_ends() {
  int low[2];
  if (::pipe2(low, O_CLOEXEC) != 0) fail("a pipe");
  const Ends ends{::fcntl(low[0], F_DUPFD_CLOEXEC, lifeline + 1), ::fcntl(low[1], F_DUPFD_CLOEXEC, lifeline + 1)};
  ::close(low[0]);
  ::close(low[1]);
  if (ends.read < 0 || ends.write < 0) fail("a pipe");
  return ends;
}

// The child's last steps; between fork and exec only what a signal handler might do.
[[noreturn]] void become(const char* command, int input, int output, int life) {
  ::setpgid(0, 0);
  for (const int signal : {SIGPIPE, SIGXFSZ}) ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::dup2(input, STDIN_FILENO) < 0 || ::dup2(output, answers) < 0 || ::dup2(life, lifeline) < 0 ||
      ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
    ::_exit(126);
  ::close_range(lifeline + 1, std::numeric_limits<unsigned int>::max(), 0);
  ::execl("/bin/sh", "sh", "-c", command, static_cast<char*>(nullptr));
  ::_exit(127);
}

std::string words_of(const siginfo_t& end) {
  if (end.si_code != CLD_EXITED)
    return std::string("was ended by the signal ") + std::to_string(end.si_status) + " (" + ::strsignal(end.si_status) +
           ")";
  if (end.si_status == 127) return "ended with exit code 127: the shell finds no such program";
  if (end.si_status == 126) return "ended with exit code 126: the shell cannot execute it";
  return end.si_status == 0 ? "" : "ended with exit code " + std::to_string(end.si_status);
}

}  // namespace

PipedProgram::PipedProgram(const std::string& command, Waiting waiting) : waiting_(std::move(waiting)) {
  const Ends in = make_ends(), out = make_ends(), life = make_ends();
  const std::string watched = watch + command;
  child_ = ::fork();
  if (child_ == 0) become(watched.c_str(), in.read, out.write, life.read);
  const int error = errno;
  for (const int end : {in.read, out.write, life.read}) ::close(end);
  lifeline_ = life.write;
  input_ = in.write;
  output_ = out.read;
  if (child_ < 0) {
    for (const int end : {input_, output_, lifeline_}) ::close(end);
    errno = error;
    fail("cannot be started");
  }
  ::setpgid(child_, child_);  // in both processes, so that neither depends on the other being first
  for (const int end : {input_, output_}) ::fcntl(end, F_SETFL, O_NONBLOCK);
}

void PipedProgram::wait(int in_events, int out_events) {
  Clock::time_point deadline = Clock::time_point::max();
  pollfd ends[2] = {{in_events ? input_ : -1, static_cast<short>(in_events), 0},
                    {out_events ? output_ : -1, static_cast<short>(out_events), 0}};
  while (waiting_ && ends[0].revents == 0 && ends[1].revents == 0) waiting_(ends);
  while (!waiting_) {
    int left = -1;
    if (deadline != Clock::time_point::max())
      left = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count());
    const int ready = ::poll(ends, 2, left < -1 ? 0 : left);
    if (ready > 0) break;
    if (ready < 0 && errno != EINTR) fail("poll");
    if (ready < 0) deadline = std::min(deadline, Clock::now() + patience_after_signal);
    if (ready == 0) {
      end(std::chrono::milliseconds(0));
      throw std::runtime_error("did not answer within " + std::to_string(patience_after_signal.count()) +
                               " s of a signal, and was killed");
    }
  }
  can_send_ = ends[0].revents != 0;
  can_receive_ = ends[1].revents != 0;
}

void PipedProgram::take_early(std::size_t most) {
  const std::size_t before = early_.size();
  early_.resize(before + piece);
  const ssize_t got = ::read(output_, early_.data() + before, piece);
  early_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got == 0) has_closed_ = true;
  if (early_.size() > most) throw std::runtime_error("answers more than it was asked");
}

void PipedProgram::send(std::span<const std::byte> bytes) {
  const PipeSignalIgnored ignored;
  const std::size_t most = bytes.size() + most_unasked;
  while (!bytes.empty()) {
    wait(POLLOUT, has_closed_ ? 0 : POLLIN);
    if (can_receive_) take_early(most);
    if (!can_send_) continue;
    const ssize_t sent = ::write(input_, bytes.data(), bytes.size());
    if (sent < 0 && errno == EPIPE) return;
    if (sent < 0 && errno != EAGAIN && errno != EINTR) fail("cannot be told");
    if (sent > 0) bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
}

void PipedProgram::receive(std::span<std::byte> bytes) {
  const std::size_t expected = bytes.size(), early = std::min(early_.size(), expected);
  std::copy_n(early_.begin(), early, bytes.begin());
  early_.erase(early_.begin(), early_.begin() + static_cast<std::ptrdiff_t>(early));
  bytes = bytes.subspan(early);
  while (!bytes.empty()) {
    if (has_closed_) throw_ended(expected - bytes.size(), expected);
    const ssize_t got = ::read(output_, bytes.data(), bytes.size());
    if (got < 0 && errno != EAGAIN && errno != EINTR) fail("cannot be read");
    if (got < 0) wait(0, POLLIN);
    if (got == 0) has_closed_ = true;
    if (got > 0) bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
}

void PipedProgram::throw_ended(std::size_t received, std::size_t expected) {
  std::string words = end(std::chrono::seconds(1));
  if (words.empty()) words = "ended, or closed its answers,";
  throw std::runtime_error(words + " after " + std::to_string(received) + " of " + std::to_string(expected) +
                           " bytes of an answer");
}

void PipedProgram::close_input() {
  if (input_ >= 0) ::close(input_);
  input_ = -1;
}

std::string PipedProgram::end(std::chrono::milliseconds patience) {
  if (child_ < 0) return "";
  close_input();
  const Clock::time_point deadline = Clock::now() + patience;
  siginfo_t ending{};
  const auto has_ended = [&] {
    ending.si_pid = 0;
    return ::waitid(P_PID, static_cast<id_t>(child_), &ending, WEXITED | WNOHANG | WNOWAIT) == 0 && ending.si_pid != 0;
  };
  std::chrono::milliseconds pause(1);
  while (!has_ended() && Clock::now() < deadline) {
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, std::chrono::milliseconds(20));
  }
  const std::string words = has_ended() ? words_of(ending) : "did not end and was killed";
  ::kill(-child_, SIGKILL);  // and what it has left behind; before its number can be another's
  ::kill(child_, SIGKILL);
  while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
  ::close(output_);
  ::close(lifeline_);
  child_ = -1;
  return words;
}

}  // namespace gradus
