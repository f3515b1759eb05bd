#include "tools/sweep/again.h"

#include <memory>

#include "experiments/records/program.h"
#include "tools/sweep/command.h"
#include "tools/sweep/integrity/keep.h"
#include "tools/sweep/request.h"

namespace gradus::sweep {

int run_again(const std::filesystem::path& output, const std::vector<std::string>& options, CommandLine line) {
  SweepRequest::refuse_others(options, SweepRequest::Which::all);
  const std::unique_ptr<SweepRequest> request = SweepRequest::again(output, options, line);
  const Specification specification = request->specification(line.rest);
  Job job = request->job(specification, line);
  return run_study(job, specification, request->options());
}

namespace {

struct SharedRuns {
  int code = 0;
  bool only_printed = false;
};

SharedRuns run_share_of(const std::filesystem::path& output, const std::vector<std::string>& options, CommandLine& line,
                        const std::vector<std::string>& ids) {
  SweepRequest::refuse_others(options, SweepRequest::Which::planned);
  const std::unique_ptr<SweepRequest> request = SweepRequest::again(output, options, line);
  Job job = request->share(line);
  job.failed_runs = FailedRuns::retry;  // they are named
  const ShareOptions how = request->share_options();
  return {run_share(job, ids, how), how.prints};
}

}  // namespace

int run_some_again(const std::filesystem::path& output, const std::vector<std::string>& options, CommandLine line,
                   const std::vector<std::string>& ids) {
  const SharedRuns done = run_share_of(output, options, line, ids);
  // Whoever has asked it to end, waits.
  const bool was_asked = done.code == records::exit_interrupted || done.code == records::exit_stopped;
  if (!done.only_printed && !was_asked) complain_of_some("", keep_manifest(output, [] {}));
  return done.code;
}

int run_one_again(const std::filesystem::path& output, const std::vector<std::string>& options, CommandLine line,
                  const std::string& id) {
  return run_share_of(output, options, line, {id}).code;
}

}  // namespace gradus::sweep
