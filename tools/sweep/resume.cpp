// sweep resume, sweep retry, sweep run-one: what was asked in a folder before, again, or a part of it.
#include <fmt/format.h>

#include <fstream>
#include <memory>

#include "experiments/records/files.h"
#include "experiments/records/text.h"
#include "tools/sweep/inventory.h"
#include "tools/sweep/planned.h"
#include "tools/sweep/request.h"
#include "tools/sweep/verb.h"

namespace gradus::sweep {
namespace {

namespace fs = std::filesystem;

// One name a line.
std::vector<std::string> names_in(const fs::path& file) {
  std::vector<std::string> names;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);)
    if (const std::string_view name = trim(line); !name.empty()) names.emplace_back(name);
  if (lines.bad() || !lines.eof() || names.empty())
    throw UsageError(fmt::format("--runs: {}: expected a file with the id of a run in each line", file.string()));
  return names;
}

int go_on(const fs::path& output, const std::vector<std::string>& options, CommandLine line) {
  const std::unique_ptr<SweepRequest> request = SweepRequest::again(output, options, line);
  const Specification specification = request->specification(line.rest);
  Job job = request->job(specification, line);
  return run_study(job, specification, request->options());
}

int run_some(const fs::path& output, const std::vector<std::string>& options, CommandLine line,
             const std::vector<std::string>& ids) {
  const std::unique_ptr<SweepRequest> request = SweepRequest::again(output, options, line);
  Job job = request->share(line);
  job.retry_failed = true;  // they are named
  return run_share(job, ids, request->options().jobs);
}

std::vector<std::string> failed_runs(const fs::path& output) {
  std::vector<std::string> ids;
  const std::map<std::string, std::string> planned = planned_runs(output);
  for (const RunRow& row : take_inventory(output, [] {}).rows())
    if (row.status == "failed" && planned.contains(row.id)) ids.push_back(row.id);
  return ids;
}

}  // namespace

Verb resume_verb(CLI::App& app) {
  CLI::App* resume = app.add_subcommand(
      "resume", "go on with a sweep from what its folder holds: sweep resume DIR [options of sweep run]");
  auto folder = std::make_shared<std::string>(), runs = std::make_shared<std::string>();
  resume->add_option("folder", *folder, "folder of the sweep")->required();
  resume->add_option("--runs", *runs, "only the runs of the stage it is at that this file names, one id a line");
  resume->allow_extras();
  return {resume, [resume, folder, runs](const CommandLine& line) {
            const fs::path output = fs::absolute(*folder);
            if (runs->empty()) return go_on(output, resume->remaining(), line);
            std::vector<std::string> options = resume->remaining();
            options.insert(options.begin(), "--launcher=local");  // one of several sweeps, here
            return run_some(output, options, line, names_in(*runs));
          }};
}

Verb retry_verb(CLI::App& app) {
  CLI::App* retry =
      app.add_subcommand("retry", "run again what failed: sweep retry DIR --failed [options of sweep run]");
  auto folder = std::make_shared<std::string>();
  auto failed = std::make_shared<bool>(false);
  retry->add_option("folder", *folder, "folder of the sweep")->required();
  retry->add_flag("--failed", *failed, "the runs that failed, and no others")->required();
  retry->allow_extras();
  return {retry, [retry, folder, failed](const CommandLine& line) {
            const fs::path output = fs::absolute(*folder);
            const std::vector<std::string> ids = failed_runs(output);
            if (ids.empty()) {
              records::put("no run has failed\n");
              return 0;
            }
            return run_some(output, retry->remaining(), line, ids);
          }};
}

Verb run_one_verb(CLI::App& app) {
  CLI::App* one = app.add_subcommand(
      "run-one", "run one run of a plan, if it has no result yet: sweep run-one DIR ID [options of sweep run]");
  auto folder = std::make_shared<std::string>(), id = std::make_shared<std::string>();
  one->add_option("folder", *folder, "folder of the sweep")->required();
  one->add_option("id", *id, "of the run, as sweep plan tells it")->required();
  one->allow_extras();
  return {one, [one, folder, id](const CommandLine& line) {
            std::vector<std::string> options = one->remaining();
            options.insert(options.end(), {"--jobs=1", "--quiet", "--launcher=local"});
            return run_some(fs::absolute(*folder), options, line, {*id});
          }};
}

}  // namespace gradus::sweep
