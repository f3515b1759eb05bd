// A process that manages others holds one end of a pipe; whoever inherits the other end ends itself when the manager is
// gone, also behind scripts and after a SIGKILL of the manager.
#pragma once

#include <string>

#include "experiments/records/descriptor.h"

namespace gradus::records {

// The manager's side. The write end is this process's alone (close-on-exec; a fork without exec must close it); the
// read end is inherited.
class Lifeline {
 public:
  Lifeline();  // throws SystemError

  // For the children's environment: GRADUS_LIFELINE=DESCRIPTOR:INODE.
  std::string variable() const;
  int read_end() const { return pipe_.read.get(); }
  int write_end() const { return pipe_.write.get(); }

 private:
  Pipe pipe_;
};

// The other side: if the environment names a pipe that was inherited, a thread waits for its end and then kills the
// process. Does nothing otherwise.
void watch_lifeline();

}  // namespace gradus::records
