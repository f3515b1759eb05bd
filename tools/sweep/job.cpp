#include "tools/sweep/job.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/sweep/command.h"
#include "tools/sweep/processors.h"

namespace gradus::sweep {

int jobs_for(const Job& job, int asked) {
  if (job.slurm) return std::max(asked, 1);  // of a task, on other machines
  const int threads = most_threads(job.combinations);
  const int usable = Processors().size();
  const std::int64_t jobs = asked > 0 ? asked : std::max(1, usable / threads);
  if (job.limits.pin && jobs * threads > usable)
    throw UsageError(
        fmt::format("--pin: {} run{} at a time of {} thread{} on {} processors: expected no more than these", jobs,
                    jobs == 1 ? "" : "s", threads, threads == 1 ? "" : "s", usable));
  return static_cast<int>(jobs);
}

void refuse_no_resume(const Job& job) {
  if (job.stopping && !job.resume)
    throw UsageError("--no-resume: expected a sweep without stopping, whose runs go on from where they pause");
}

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
