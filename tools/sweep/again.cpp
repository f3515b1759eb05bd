#include "tools/sweep/again.h"

#include <memory>

#include "experiments/records/program.h"
#include "tools/sweep/command.h"
#include "tools/sweep/integrity/keep.h"
#include "tools/sweep/request.h"

namespace gradus::sweep {

int run_again(const std::filesystem::path& output, const std::vector<std::string>& options, CommandLine line) {
  const std::unique_ptr<SweepRequest> request = SweepRequest::again(output, options, line);
  const Specification specification = request->specification(line.rest);
  Job job = request->job(specification, line);
  return run_study(job, specification, request->options());
}

namespace {

int run_share_of(const SweepRequest& request, CommandLine& line, const std::vector<std::string>& ids) {
  Job job = request.share(line);
  job.failed_runs = FailedRuns::retry;  // they are named
  return run_share(job, ids, request.options());
}

}  // namespace

int run_some_again(const std::filesystem::path& output, const std::vector<std::string>& options, CommandLine line,
                   const std::vector<std::string>& ids) {
  const std::unique_ptr<SweepRequest> request = SweepRequest::again(output, options, line);
  const int code = run_share_of(*request, line, ids);
  // Whoever has asked it to end, waits.
  const bool was_asked = code == records::exit_interrupted || code == records::exit_stopped;
  if (request->options().purpose == Purpose::run && !was_asked) complain_of_some("", keep_manifest(output, [] {}));
  return code;
}

int run_one_again(const std::filesystem::path& output, const std::vector<std::string>& options, CommandLine line,
                  const std::string& id) {
  return run_share_of(*SweepRequest::again(output, options, line), line, {id});
}

}  // namespace gradus::sweep
