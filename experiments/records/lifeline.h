// A process that manages others holds one end of a pipe; whoever inherits the other end ends itself when the manager is
// gone, also behind scripts and after a SIGKILL of the manager.
#pragma once

#include <string>

namespace gradus::records {

// The manager's side. The write end is this process's alone (close-on-exec; a fork without exec must close it); the read
// end is inherited.
class Lifeline {
 public:
  Lifeline();  // throws SystemError
  ~Lifeline();
  Lifeline(const Lifeline&) = delete;
  Lifeline& operator=(const Lifeline&) = delete;

  // For the children's environment: GRADUS_LIFELINE=DESCRIPTOR:INODE.
  std::string variable() const;
  int read_end() const { return read_end_; }
  int write_end() const { return write_end_; }

 private:
  int read_end_ = -1, write_end_ = -1;
};

// The other side: if the environment names a pipe that was inherited, a thread waits for its end and then kills the
// process. Does nothing otherwise.
void watch_lifeline();

}  // namespace gradus::records
