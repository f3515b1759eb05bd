#include "tools/sweep/job.h"

#include <fmt/format.h>

namespace gradus::sweep {

std::vector<std::string> run_command(const Job& job, const std::filesystem::path& program,
                                     const Combination& combination, const std::filesystem::path& folder, bool resume,
                                     std::optional<std::int64_t> stop_at) {
  std::vector<std::string> argv = {program.string()};
  for (std::string& argument : combination.arguments()) argv.push_back(std::move(argument));
  argv.insert(argv.end(), combination.controls.begin(), combination.controls.end());
  if (stop_at) argv.push_back(fmt::format("--stop-at={}", *stop_at));
  if (resume) argv.emplace_back("--resume");
  if (resume && job.not_bitwise) argv.emplace_back("--not-bitwise");
  argv.insert(argv.end(), job.remarks.begin(), job.remarks.end());
  argv.push_back("--output=" + folder.string());
  argv.emplace_back("--quiet");
  return argv;
}

}  // namespace gradus::sweep
