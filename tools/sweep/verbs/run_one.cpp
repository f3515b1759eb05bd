// sweep run-one: one run of a plan.
#include <memory>

#include "tools/sweep/again.h"

namespace gradus::sweep {

Verb run_one_verb(CLI::App& app) {
  CLI::App* one = app.add_subcommand(
      "run-one", "run one run of a plan, if it has no result yet: sweep run-one DIR ID [options of how it is made]");
  auto folder = std::make_shared<std::string>(), id = std::make_shared<std::string>();
  one->add_option("folder", *folder, "folder of the sweep")->required();
  one->add_option("id", *id, "of the run, as sweep plan tells it")->required();
  one->allow_extras();
  return {one, [one, folder, id](const CommandLine& line) {
            std::vector<std::string> options = one->remaining();
            options.insert(options.end(), {"--jobs=1", "--quiet", "--launcher=local"});
            return run_one_again(std::filesystem::absolute(*folder), options, line, *id);
          }};
}

}  // namespace gradus::sweep
