#include "tools/sweep/again.h"

#include <memory>

#include "tools/sweep/request.h"

namespace gradus::sweep {

int run_again(const std::filesystem::path& output, const std::vector<std::string>& options, CommandLine line) {
  const std::unique_ptr<SweepRequest> request = SweepRequest::again(output, options, line);
  const Specification specification = request->specification(line.rest);
  Job job = request->job(specification, line);
  return run_study(job, specification, request->options());
}

int run_some_again(const std::filesystem::path& output, const std::vector<std::string>& options, CommandLine line,
                   const std::vector<std::string>& ids) {
  const std::unique_ptr<SweepRequest> request = SweepRequest::again(output, options, line);
  Job job = request->share(line);
  job.failed_runs = FailedRuns::retry;  // they are named
  return run_share(job, ids, request->options());
}

}  // namespace gradus::sweep
