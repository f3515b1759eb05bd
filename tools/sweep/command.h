// Programs as files and as commands.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace gradus::sweep {

// The path of an executable file: as given if it has a slash, otherwise beside the sweep tool. Throws UsageError.
std::filesystem::path find_program(const std::string& program);

// Processors that this process may use (fewer than the machine's under taskset or Slurm).
int usable_processors();

// To standard output. What cannot be written is noticed in the end, by records::guarded_main.
void put(const std::string& text);

// As one would type it in a shell.
std::string shell_text(const std::vector<std::string>& argv);

}  // namespace gradus::sweep
