// Child processes: each in a process group of its own, without a shell, and none outlives the sweep.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace gradus::sweep {

using Environment = std::vector<std::string>;  // NAME=value; replaces what is inherited under the same name

// Starts `argv` (argv[0] is the path) with stdout and stderr going to `log` (created or emptied) and returns its id,
// which is also that of its process group. Throws std::runtime_error. What cannot be executed says so in the log, exit
// code 127.
pid_t start_process(const std::vector<std::string>& argv, const Environment& environment,
                    const std::filesystem::path& log);

// What a command printed that ended by itself within the time; none otherwise.
struct Output {
  int code = 0;  // with which it ended
  std::string text, errors;
};
std::optional<Output> output_of(const std::vector<std::string>& argv, std::chrono::milliseconds time);

// The path of an executable file: as given if it has a slash, otherwise beside the sweep tool. Throws UsageError.
std::filesystem::path find_program(const std::string& program);

// Processors that this process may use (fewer than the machine's under taskset or Slurm).
int usable_processors();

// As one would type it in a shell.
std::string shell_text(const std::vector<std::string>& argv);

}  // namespace gradus::sweep
