// A process namespace for each program, where the system lets us have one: when its first process ends, for whatever
// reason, the kernel ends all others in it, however they were started.
#pragma once

#include <sys/types.h>

#include "tools/sweep/descriptor.h"

namespace gradus::sweep {

class Namespaces {
 public:
  Namespaces();  // tries one
  bool available() const { return available_; }

  // As fork(); the child is the first process of a new namespace and must call furnish_namespace() before anything
  // else. Fails as fork() does (-1, errno).
  pid_t fork();

 private:
  Descriptor own_;
  bool available_ = false;
};

// /proc shows the new namespace, and the numbers of its processes begin anywhere, so that names made of them (a
// script's /tmp/x.$$) do not clash between runs. False, with errno, where that may not be had.
bool furnish_namespace();

}  // namespace gradus::sweep
