#include "tools/sweep/command.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <string_view>
#include <thread>

#include "experiments/records/program.h"
#include "experiments/records/text.h"
#include "tools/sweep/values.h"

namespace gradus::sweep {
namespace fs = std::filesystem;

fs::path find_program(const std::string& program) {
  if (program.empty() || program.find('\0') != program.npos)
    throw UsageError(fmt::format("{}: not the name of a program", records::printable(program)));
  fs::path path = program;
  if (program.find('/') == program.npos) path = fs::read_symlink("/proc/self/exe").parent_path() / program;
  std::error_code error;
  if (!fs::exists(path, error))
    throw UsageError(
        fmt::format("{}: no such program{}", program,
                    path == program ? "" : fmt::format(": expected it as {} (or give a path)", path.string())));
  if (!fs::is_regular_file(path, error) || ::access(path.c_str(), X_OK) != 0)
    throw UsageError(fmt::format("{}: not an executable file", path.string()));
  return fs::absolute(path).lexically_normal();
}

void complain_of_some(const std::string& what, const std::vector<std::string>& lines) {
  constexpr std::size_t most = 20;
  for (std::size_t i = 0; i < std::min(lines.size(), most); ++i) records::complain("sweep", what + lines[i]);
  if (lines.size() > most) records::complain("sweep", fmt::format("{}... and {} more", what, lines.size() - most));
}

std::string shell_text(const std::vector<std::string>& argv) {
  std::string text;
  for (const std::string& argument : argv) {
    if (!text.empty()) text += ' ';
    const bool plain = !argument.empty() && std::all_of(argument.begin(), argument.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 ||
             std::string_view("_-./=:,+@%").find(static_cast<char>(c)) != std::string_view::npos;
    });
    if (plain) {
      text += argument;
      continue;
    }
    text += '\'';
    for (const char c : argument) {
      if (c == '\'')
        text += "'\\''";
      else
        text += c;
    }
    text += '\'';
  }
  return text;
}

}  // namespace gradus::sweep
