// sweep resume: what was asked in a folder before, again, or a part of it.
#include <fmt/format.h>

#include <fstream>
#include <memory>

#include "experiments/records/program.h"
#include "experiments/records/text.h"
#include "tools/sweep/again.h"
#include "tools/sweep/values.h"

namespace gradus::sweep {
namespace {

namespace fs = std::filesystem;
using records::UsageError;

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

}  // namespace

Verb resume_verb(CLI::App& app) {
  CLI::App* resume = app.add_subcommand(
      "resume", "go on with a sweep from what its folder holds: sweep resume DIR [options of sweep run]");
  auto folder = std::make_shared<std::string>(), runs = std::make_shared<std::string>();
  resume->add_option("folder", *folder, "folder of the sweep")->required();
  resume->add_option("--runs", *runs, "only the runs that this file names, one id a line, of any plan of the folder");
  resume->allow_extras();
  return {resume, [resume, folder, runs](const CommandLine& line) {
            const fs::path output = fs::absolute(*folder);
            if (runs->empty()) return run_again(output, resume->remaining(), line);
            std::vector<std::string> options = resume->remaining();
            options.insert(options.begin(), "--launcher=local");  // one of several sweeps, here
            return run_some_again(output, options, line, names_in(*runs));
          }};
}

}  // namespace gradus::sweep
