// A process namespace for each program, where the system lets us have one: when its first process ends, for whatever
// reason, the kernel ends all others in it, however they were started.
#pragma once

#include <sys/types.h>

#include <vector>

#include "experiments/records/descriptor.h"

namespace gradus::sweep {

class Namespaces {
 public:
  Namespaces();  // tries one
  bool available() const { return available_; }

  // As fork(); the child is the first process of a new namespace and must call furnish_namespace() before anything
  // else. Fails as fork() does (-1, errno).
  pid_t fork();

 private:
  records::Descriptor own_;
  bool available_ = false;
};

// /proc shows the new namespace, and the numbers of its processes go on after `last_pid`. False, with errno, where that
// may not be had.
bool furnish_namespace(pid_t last_pid);

// After which number the processes of the next namespace are counted: far from where those in use began, so that names
// made of process numbers (a script's /tmp/x.$$) do not clash between programs that run at the same time; and seldom
// the same twice in a row of programs, for what they leave behind.
class ProcessNumbers {
 public:
  ProcessNumbers();
  pid_t next(const std::vector<pid_t>& in_use);

 private:
  pid_t count_;      // of the numbers that the system gives to processes
  double position_;  // in [0, 1)
};

}  // namespace gradus::sweep
