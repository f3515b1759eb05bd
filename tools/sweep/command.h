// Programs as files and as commands.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace gradus::sweep {

// The path of an executable file: as given if it has a slash, otherwise beside the sweep tool. Throws UsageError.
std::filesystem::path find_program(const std::string& program);

// One line each on standard error; of many, the first: they tend to have one cause.
void complain_of_some(const std::string& what, const std::vector<std::string>& lines);

// As one would type it in a shell.
std::string shell_text(const std::vector<std::string>& argv);

}  // namespace gradus::sweep
