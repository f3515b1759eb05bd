#include "tools/sweep/conversation.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>

#include "experiments/records/program.h"
#include "process/pipe_signal.h"

namespace gradus::sweep {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t longest_line = 4 << 20;
constexpr std::size_t most_errors = 8192;

records::Descriptor unblocked(records::Descriptor end) {
  if (::fcntl(end.get(), F_SETFL, O_NONBLOCK) != 0)
    throw records::SystemError("/proc/self/fd", "a pipe cannot be used", errno);
  return end;
}

class Talk {
 public:
  Talk(Children& children, Signals& signals, const Question& question)
      : children_(children), signals_(signals), question_(question) {
    records::Pipe input = records::make_pipe(question.argv[0]);
    records::Pipe output = records::make_pipe(question.argv[0]);
    records::Pipe errors = records::make_pipe(question.argv[0]);
    child_ =
        children.start({question.argv, question.environment, input.read.get(), output.write.get(), errors.write.get()});
    children.reserve(child_);
    input_ = unblocked(std::move(input.write));
    output_ = unblocked(std::move(output.read));
    errors_ = unblocked(std::move(errors.read));
  }

  Reply run() {
    const PipeSignalIgnored ignored;
    auto deadline = Clock::now() + question_.patience;
    while (!ended_) {
      send();
      wait(deadline);
      if (read_output() && question_.for_each_line) deadline = Clock::now() + question_.patience;
      read_errors();
      if (signals_.take()) interrupted_ = true;
      if (!ended_ && Clock::now() >= deadline) reply_.late = true;
      if (interrupted_ || reply_.late || reply_.stopped) children_.end_at_once(child_);
      if (const auto ending = children_.collect(child_)) {
        reply_.ending = *ending;
        ended_ = true;
      }
    }
    // Nobody is left that could write: what is in the pipes is all.
    read_output();
    read_errors();
    if (!partial_.empty() && !reply_.stopped && !reply_.late) question_.take_line(partial_);
    if (interrupted_) throw records::Interrupted{"interrupted"};
    return std::move(reply_);
  }

 private:
  void send() {
    while (input_) {
      if (unsent_.empty()) {
        std::optional<std::string> line = question_.next_line ? question_.next_line() : std::nullopt;
        if (!line) return input_.close();
        unsent_ = std::move(*line) + "\n";
      }
      const ssize_t sent = ::write(input_.get(), unsent_.data(), unsent_.size());
      if (sent < 0 && errno == EAGAIN) return;
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) return input_.close();  // it does not want to know
      unsent_.erase(0, static_cast<std::size_t>(sent));
    }
  }

  void wait(Clock::time_point deadline) {
    // Every so often in any case: a child's signal may have been fetched with another's.
    const auto time =
        std::clamp(deadline - Clock::now(), Clock::duration::zero(), Clock::duration(std::chrono::milliseconds(200)));
    std::array<pollfd, 4> waiting{{{signals_.descriptor(), POLLIN, 0},
                                   {output_.get(), POLLIN, 0},
                                   {errors_.get(), POLLIN, 0},
                                   {input_.get(), POLLOUT, 0}}};
    if (question_.meanwhile) {
      try {
        return question_.meanwhile(waiting);
      } catch (const records::Interrupted&) {
        interrupted_ = true;
        return;
      }
    }
    ::poll(waiting.data(), waiting.size(),
           static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(time).count()));
  }

  // Hands on whole lines; true if there was one.
  bool read_output() {
    bool whole = false;
    std::array<char, 1 << 16> buffer;
    while (output_) {
      const ssize_t got = ::read(output_.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) break;
      if (got <= 0) {
        output_.close();
        break;
      }
      std::string_view text(buffer.data(), static_cast<std::size_t>(got));
      for (std::size_t end = text.find('\n'); end != text.npos && !reply_.stopped; end = text.find('\n')) {
        partial_ += text.substr(0, end);
        text.remove_prefix(end + 1);
        whole = true;
        if (!question_.take_line(partial_)) reply_.stopped = true;
        partial_.clear();
      }
      if (reply_.stopped)
        partial_.clear();
      else
        partial_ += text;
      if (partial_.size() > longest_line) reply_.stopped = true;
      if (reply_.stopped) break;
    }
    return whole;
  }

  void read_errors() {
    std::array<char, 4096> buffer;
    while (errors_) {
      const ssize_t got = ::read(errors_.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return errors_.close();
      const std::size_t room = most_errors - reply_.errors.size();
      reply_.errors.append(buffer.data(), std::min(room, static_cast<std::size_t>(got)));
      flood_ += static_cast<std::size_t>(got);
      if (flood_ > longest_line) reply_.stopped = true;
      if (room == 0) return;  // the rest waits for its turn, so that it does not keep us here
    }
  }

  Children& children_;
  Signals& signals_;
  const Question& question_;
  pid_t child_ = 0;
  records::Descriptor input_, output_, errors_;
  std::string unsent_, partial_;
  std::size_t flood_ = 0;  // bytes of standard error
  bool ended_ = false, interrupted_ = false;
  Reply reply_;
};

}  // namespace

Reply converse(Children& children, Signals& signals, const Question& question) {
  return Talk(children, signals, question).run();
}

}  // namespace gradus::sweep
