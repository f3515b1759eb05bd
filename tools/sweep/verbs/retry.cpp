// sweep retry: what failed in a folder, again.
#include <memory>

#include "experiments/records/program.h"
#include "tools/sweep/again.h"
#include "tools/sweep/inventory.h"
#include "tools/sweep/planned.h"

namespace gradus::sweep {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> failed_runs(const fs::path& output) {
  std::vector<std::string> ids;
  const std::map<std::string, std::string> planned = planned_runs(output);
  for (const RunRow& row : take_inventory(output, [] {}).rows())
    if (row.status == "failed" && planned.contains(row.id)) ids.push_back(row.id);
  return ids;
}

}  // namespace

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
            return run_some_again(output, retry->remaining(), line, ids);
          }};
}

}  // namespace gradus::sweep
