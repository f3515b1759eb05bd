// sweep: runs a program over a grid of its options, one process a run, and keeps a table of what came of each.
//
// Exit codes: 0 every run completed or diverged, 1 a run failed or the system did, 2 usage, 130 interrupted.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
#include <map>
#include <optional>
#include <set>

#include "tools/sweep/list.h"
#include "tools/sweep/process.h"
#include "tools/sweep/runner.h"
#include "tools/sweep/specification.h"
#include "tools/sweep/toml_file.h"

namespace gradus::sweep {
namespace {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;
constexpr int exit_interrupted = 130;

constexpr const char* run_footer = R"(Values of an option:
  sgd,adam           a list (a literal comma is written \,)
  0:4  0:10:2        integers, both ends included (a literal colon is written \:)
  log:1e-4:1e-1:4    four points evenly spaced in the logarithm

Examples:
  sweep run --output results/first -- build/bin/optimizer_comparison --optimizer=sgd,adam --seed=0:4
  sweep run experiments/optimizer_comparison/sweep.toml --output results/first -- --epochs=1

Finished runs of the folder are skipped, so the same command continues a sweep that was interrupted.
Exit codes: 0 every run completed or diverged, 1 a run failed, 2 usage, 130 interrupted.)";

// Names that `program [arguments] --describe` lists; none when the program cannot describe itself. Throws UsageError with the
// program's own words where it refuses the arguments.
std::optional<std::set<std::string>> described_names(std::vector<std::string> argv) {
  argv.emplace_back("--describe");
  const auto output = output_of(argv, std::chrono::seconds(10));
  if (!output) return std::nullopt;
  if (output->code == exit_usage && argv.size() > 2 && !output->errors.empty())
    throw UsageError(fmt::format("refused by {}", output->errors.substr(0, output->errors.find('\n'))));
  if (output->code != 0) return std::nullopt;
  try {
    std::set<std::string> names;
    const auto description = nlohmann::json::parse(output->text);
    for (const auto& option : description.at("options")) {
      std::string name = option.at("name").get<std::string>();
      name.erase(0, std::min(name.find_first_not_of('-'), name.size()));
      std::replace(name.begin(), name.end(), '-', '_');
      names.insert(name);
    }
    return names;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

// What decides which options a run has: its texts and flags (each optimizer has its own options), not its numbers.
std::string choices_of(const Combination& combination) {
  std::string text;
  for (const Setting& setting : combination.settings)
    if (!setting.value.json.is_number()) text += setting.name + "=" + setting.value.text + "\n";
  return text;
}

// A misspelt option is refused before a thousand runs fail of it, and one that another run of the grid has but this one has not.
void check_names(const Job& job) {
  const auto listed = described_names({job.program.string()});
  if (!listed) return;
  std::map<std::string, std::set<std::string>> known_with = {{"", *listed}};
  for (const Combination& combination : job.combinations) {
    const std::string choices = choices_of(combination);
    if (!known_with.contains(choices)) {
      std::vector<std::string> argv = combination.arguments();
      argv.insert(argv.begin(), job.program.string());
      known_with[choices] = described_names(argv).value_or(*listed);
    }
    const std::set<std::string>& known = known_with[choices];
    const auto unknown = std::find_if(combination.settings.begin(), combination.settings.end(),
                                      [&](const Setting& setting) { return !known.contains(setting.name); });
    if (unknown == combination.settings.end()) continue;
    std::string names;
    for (std::string name : known) {
      std::replace(name.begin(), name.end(), '_', '-');
      names += (names.empty() ? "" : ", ") + name;
    }
    std::string name = unknown->name, with = choices;
    std::replace(name.begin(), name.end(), '_', '-');
    std::replace(with.begin(), with.end(), '\n', ' ');
    if (!with.empty()) with = " with " + with.substr(0, with.size() - 1);
    throw UsageError(fmt::format("{} has no option --{}{}: expected one of {}", job.program_name, name, with, names));
  }
}

int default_jobs(const std::vector<Combination>& combinations) {
  std::int64_t threads = 1;  // of the run that uses most
  for (const Combination& combination : combinations)
    if (const Value* value = combination.find("threads"); value != nullptr && value->json.is_number_integer())
      threads = std::max(threads, value->json.get<std::int64_t>());
  return static_cast<int>(std::max<std::int64_t>(1, usable_processors() / threads));
}

void print_commands(const Job& job) {
  const std::vector<RunRow> rows = known_rows(job, Table::read(job.output));
  std::size_t left_out = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].status == "pending")
      fmt::print("{}\n", shell_text(run_command(job, job.combinations[i])));
    else
      ++left_out;
  }
  if (left_out > 0) fmt::print(stderr, "sweep: {} of {} runs are not needed again\n", left_out, rows.size());
}

int report(const Job& job, const Outcome& outcome) {
  const Counts& counts = outcome.counts;
  fmt::print("{} runs: {} completed, {} diverged, {} failed, {} skipped (finished before)", counts.total,
             counts.completed, counts.diverged, counts.failed, counts.skipped);
  if (outcome.interrupted) fmt::print(", {} pending: interrupted", counts.total - counts.done());
  fmt::print("\n");
  for (std::size_t i = 0; i < outcome.runs.size(); ++i) {
    const RunRow& run = outcome.runs[i];
    if (run.status != "failed") continue;
    fmt::print("failed {} ({}): {}\n", run.id, shell_text(job.combinations[i].arguments()), run.reason);
  }
  if (counts.failed > 0) fmt::print("logs: {}/<id>.log\n", (job.output / "logs").string());
  if (!outcome.table_problem.empty()) fmt::print(stderr, "sweep: {}\n", outcome.table_problem);
  if (outcome.interrupted) return exit_interrupted;
  return counts.failed > 0 || !outcome.table_problem.empty() ? exit_failed : 0;
}

int sweep_main(const std::vector<std::string>& arguments) {
  // What follows the first `--` belongs to the program and is not CLI11's to read.
  const auto dashes = std::find(arguments.begin() + 1, arguments.end(), "--");
  std::vector<std::string> own(arguments.begin() + 1, dashes);
  std::vector<std::string> rest(dashes == arguments.end() ? dashes : dashes + 1, arguments.end());

  CLI::App app{"Runs a program over a grid of its options: one process and one folder a run.", "sweep"};
  app.require_subcommand(1);

  CLI::App* run =
      app.add_subcommand("run", "run a grid: sweep run [FILE.toml] --output DIR [-- PROGRAM --option=values ...]");
  std::string file, output;
  int jobs = 0;
  Job job;
  bool dry_run = false;
  run->add_option("file", file, "specification in TOML; options after -- override its own");
  run->add_option("-o,--output", output, "folder of the sweep")->required();
  run->add_option("-j,--jobs", jobs, "runs at a time (default: as many as keep all cores busy)")
      ->check(CLI::Range(1, 65536));
  run->add_flag("-q,--quiet", job.quiet, "no progress, only the summary");
  run->add_flag("--retry-failed,!--no-retry-failed", job.retry_failed, "run again what failed before (default: yes)");
  run->add_flag("-n,--dry-run", dry_run, "print the commands that would be run");
  run->footer(run_footer);

  CLI::App* list = app.add_subcommand("list", "print a table of the runs in a sweep's folder");
  std::string listed;
  list->add_option("folder", listed, "folder of the sweep")->required();

  try {
    std::reverse(own.begin(), own.end());  // the order in which CLI11 takes a vector
    app.parse(own);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    throw UsageError(fmt::format("{} (sweep --help tells more)", error.what()));
  }

  if (list->parsed()) {
    if (dashes != arguments.end()) throw UsageError("list: nothing is expected after --");
    print_runs(listed);
    return 0;
  }

  Specification specification;
  if (!file.empty()) {
    specification = load_toml(file);
    const Grid overrides = parse_arguments(rest);
    for (Grid& grid : specification.grids) override_options(grid, overrides);
  } else {
    if (rest.empty())
      throw UsageError("run: nothing to run: expected FILE.toml, or -- PROGRAM --option=values ... (sweep run --help)");
    specification.program = rest.front();
    specification.grids.push_back(parse_arguments({rest.begin() + 1, rest.end()}));
  }

  if (output.empty()) throw UsageError("--output: expected a folder");
  job.program = find_program(specification.program);
  job.program_name = job.program.filename().string();
  job.command = arguments;
  job.output = output;
  job.combinations = expand(specification.grids, job.program_name);
  job.jobs = jobs > 0 ? jobs : default_jobs(job.combinations);
  check_names(job);
  if (dry_run) {
    print_commands(job);
    return 0;
  }
  return report(job, run_sweep(job));
}

}  // namespace
}  // namespace gradus::sweep

int main(int argc, char** argv) {
  try {
    return gradus::sweep::sweep_main({argv, argv + argc});
  } catch (const gradus::sweep::UsageError& error) {
    fmt::print(stderr, "sweep: {}\n", error.what());
    return gradus::sweep::exit_usage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "sweep: {}\n", error.what());
    return gradus::sweep::exit_failed;
  }
}
