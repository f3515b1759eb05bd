// sweep retry: what failed in a folder, again.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "experiments/records/program.h"
#include "tools/sweep/again.h"
#include "tools/sweep/command.h"
#include "tools/sweep/inventory.h"
#include "tools/sweep/planned.h"
#include "tools/sweep/request.h"

namespace gradus::sweep {
namespace {

namespace fs = std::filesystem;

struct Failures {
  std::vector<std::string> planned;
  std::vector<std::string> unknown;  // a line for each that no plan of the folder has, so that nobody knows its options
};

Failures failures_in(const fs::path& output) {
  Failures failed;
  const std::set<std::string> planned = planned_runs(output);
  for (const RunRow& row : take_inventory(output, [] {}).rows()) {
    if (row.status != "failed") continue;
    if (planned.contains(row.id))
      failed.planned.push_back(row.id);
    else
      failed.unknown.push_back(
          fmt::format("{}: in no plan of the folder: expected `sweep run` again, of what it belongs to", row.id));
  }
  return failed;
}

int retry_failed(const fs::path& output, const std::vector<std::string>& options, const CommandLine& line) {
  SweepRequest::refuse_others(options, SweepRequest::Which::planned);
  const Failures failed = failures_in(output);
  complain_of_some("not retried: ", failed.unknown);
  const int code = failed.unknown.empty() ? 0 : records::exit_failed;
  if (!failed.planned.empty()) return std::max(code, run_some_again(output, options, line, failed.planned));
  if (code == 0) records::put("no run has failed\n");
  return code;
}

}  // namespace

Verb retry_verb(CLI::App& app) {
  CLI::App* retry =
      app.add_subcommand("retry", "run again what failed: sweep retry DIR --failed [options of how they are made]");
  auto folder = std::make_shared<std::string>();
  auto failed = std::make_shared<bool>(false);
  retry->add_option("folder", *folder, "folder of the sweep")->required();
  retry->add_flag("--failed", *failed, "the runs that failed, and no others")->required();
  retry->allow_extras();
  return {retry, [retry, folder, failed](const CommandLine& line) {
            return retry_failed(fs::absolute(*folder), retry->remaining(), line);
          }};
}

}  // namespace gradus::sweep
