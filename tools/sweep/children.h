// The sweep's side of the programs that it starts: none outlives it, whatever ends it.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "experiments/records/descriptor.h"
#include "experiments/records/lifeline.h"
#include "tools/sweep/namespace.h"
#include "tools/sweep/supervisor.h"

namespace gradus::sweep {

class Children {
 public:
  Children();   // throws records::SystemError
  ~Children();  // kills and waits for those that are still there
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  // Supervisors keep this descriptor open: a lock on it lasts until the last program has ended, whatever ends the
  // sweep.
  void share(int descriptor) { shared_.insert(descriptor); }
  // Starts a program and returns the number by which it is known here. Throws records::SystemError.
  pid_t start(const Launch& launch);
  void ask_to_end(pid_t child) const;
  void end_at_once(pid_t child) const;
  // Its end is only for who asks for it by its number.
  void reserve(pid_t child) { reserved_.insert(child); }
  // One that has ended, with all that it started, and is not reserved; none when there is none now.
  std::optional<std::pair<pid_t, ProcessEnd>> collect();
  // Whether this one has; what others have come to stays for collect().
  std::optional<ProcessEnd> collect(pid_t child);
  // A child of this process that is none of these: it is left alone until the end.
  void spare(pid_t process) { spared_.insert(process); }

 private:
  records::Lifeline lifeline_;
  Namespaces namespaces_;
  std::set<int> shared_;
  struct Supervisor {
    records::Descriptor report;  // where it reports to
    pid_t last_pid = 0;          // after which its namespace counts
  };
  ProcessNumbers numbers_;
  std::map<pid_t, Supervisor> running_;
  std::map<pid_t, ProcessEnd> ended_;  // and not yet collected
  std::set<pid_t> spared_, reserved_;

  void reap();
};

}  // namespace gradus::sweep
