// Another program, told and asked over pipes.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace gradus {

// It reads on its standard input what is sent, and answers on descriptor 3; what it prints goes to our standard error.
// It is in a process group of its own, so that a Ctrl-C is ours alone, and ends with this object and this process.
//
// Errors are std::runtime_error, in words that follow the program's name: "ended with exit code 1".
class PipedProgram {
 public:
  // Returns when one of the descriptors is ready, as poll() tells. What it throws ends what was waited for.
  using Waiting = std::function<void(std::span<pollfd>)>;

  // Starts sh -c COMMAND. A command that does not exist is seen at the first answer. Who has something else to do
  // meanwhile waits instead. Throws std::system_error.
  explicit PipedProgram(const std::string& command, Waiting waiting = {});
  ~PipedProgram() { end(std::chrono::seconds(5)); }
  PipedProgram(const PipedProgram&) = delete;
  PipedProgram& operator=(const PipedProgram&) = delete;

  pid_t process() const { return child_; }
  // Sends all of it, however much that is and whatever the program does meanwhile. If it does not want to know, its
  // next answer tells why.
  void send(std::span<const std::byte> bytes);
  // Fills all of it. Waits without limit, but after a signal for some seconds only.
  void receive(std::span<std::byte> bytes);
  // Nothing more will be sent: it may end.
  void close_input();
  // Tells it to end, by closing its input, and kills what is left of its group after that time. Returns what was wrong
  // with its end, "ended with exit code 1" or "did not end and was killed"; empty if nothing.
  std::string end(std::chrono::milliseconds patience);

 private:
  void wait(int in_events, int out_events);
  void take_early(std::size_t most);
  [[noreturn]] void throw_ended(std::size_t received, std::size_t expected);

  Waiting waiting_;
  pid_t child_ = -1;
  int input_ = -1, output_ = -1, lifeline_ = -1;  // our ends: of its input, its output, and what tells it of our end
  bool can_send_ = false, can_receive_ = false;   // as wait() saw
  bool has_closed_ = false;                       // its output
  std::vector<std::byte> early_;                  // of an answer that began before all was sent
};

}  // namespace gradus
