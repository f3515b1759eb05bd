// The process between the sweep and each program that it starts. It ends with the program or with the sweep, whichever
// is first, and nothing that the program started outlives it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace gradus::sweep {

using Environment = std::vector<std::string>;  // NAME=value; replaces what is inherited under the same name

// A program to be started: without a shell, in a process group of its own.
struct Launch {
  std::vector<std::string> argv;  // argv[0] is the path
  Environment environment;
  int input = -1;  // a descriptor; -1 is /dev/null
  int output = -1, errors = -1;
  std::set<int> kept = {};                   // descriptors that its supervisor keeps open, and not the program
  std::optional<std::uint64_t> memory = {};  // bytes of data that each of its processes may have
  std::vector<int> processors = {};          // on which alone it runs; none: where it likes
};

// How a program ended, as its supervisor tells it.
struct ProcessEnd {
  enum class Kind {
    lost,         // the supervisor itself was killed: value is the signal
    not_started,  // the system refused: value is errno
    exited,       // value is the exit code; 127 too where the file cannot be executed, which is then said on `errors`
    signalled     // value is the signal
  };
  Kind kind = Kind::lost;
  int value = 0;
};

// What the sweep sends to a supervisor.
inline constexpr int ask_to_end = 15;  // SIGTERM: goes to the program's group
// The program and all that it started are killed. A real-time signal: Slurm and users send the others, some of them to
// every process of a job.
inline constexpr int end_at_once = 40;

// The supervisor's whole life, in a fork of the sweep whose signals are blocked. `lifeline` is the read end of the pipe
// whose write end only the sweep has; `report` is where the ProcessEnd goes; of the sweep's other descriptors only
// `kept` stay open. With a namespace of its own (namespace.h), which counts its processes after `last_pid`, the kernel
// ends what is left; otherwise this process adopts and ends it.
[[noreturn]] void supervise(const Launch& launch, int lifeline, int report, std::set<int> kept,
                            std::optional<pid_t> last_pid);

}  // namespace gradus::sweep
