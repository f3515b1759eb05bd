// sweep: runs a program over a grid of its options, one process a run, and keeps a table of what came of each.
//
// Exit codes: 0 every run completed or diverged, 1 a run failed or the system did, 2 usage, 75 runs are pending that
// can go on, 130 interrupted.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "experiments/records/program.h"
#include "tools/sweep/command.h"
#include "tools/sweep/diff.h"
#include "tools/sweep/list.h"
#include "tools/sweep/study.h"
#include "tools/sweep/toml_file.h"

namespace gradus::sweep {
namespace {

constexpr const char* run_footer = R"(Values of an option:
  sgd,adam           a list (a literal comma is written \,)
  0:4  0:10:2        integers, both ends included (a literal colon is written \:)
  log:1e-4:1e-1:4    four points evenly spaced in the logarithm
  uniform(0,1)  log_uniform(1e-4,1)  integer(1,9)  choice(sgd,adam)
                     drawn, together with the other drawn options: needs --draws=N

Examples:
  sweep run --output results/first -- build/bin/optimizer_comparison --optimizer=sgd,adam --seed=0:4
  sweep run experiments/optimizer_comparison/sweep.toml --output results/first -- --epochs=1
  sweep run --output results/search --draws=32 --draw-method=sobol --only='momentum: optimizer=sgd' -- \
      build/bin/train --optimizer=sgd,adam --learning-rate='log_uniform(1e-4,1)' --momentum='uniform(0,0.99)'

Finished runs of the folder are skipped, so the same command continues a sweep that was interrupted;
runs that have a checkpoint go on from it.
Exit codes: 0 every run completed or diverged, 1 a run failed, 2 usage, 75 runs are pending that can go on
(also after SIGUSR1), 130 interrupted.)";

constexpr int exit_different = 1;

// CLI11 would say only that one is required.
void require_subcommand(const CLI::App& app, const std::vector<std::string>& own) {
  std::string names;
  for (const CLI::App* known : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!own.empty() && own.front() == known->get_name()) return;
    names += (names.empty() ? "" : " or ") + known->get_name();
  }
  if (own.empty()) throw UsageError(fmt::format("expected a subcommand, {} (sweep --help tells more)", names));
  if (own.front() == "--help" || own.front() == "-h") return;
  throw UsageError(fmt::format("{}: no such subcommand, expected {} (sweep --help tells more)", own.front(), names));
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
  bool dry_run = false, widen = false, rebuild = false, mixed = false;
  run->add_option("file", file, "specification in TOML; options after -- override its own");
  run->add_option("-o,--output", output, "folder of the sweep")->required();
  std::string variant;
  run->add_option("--variant", variant, "of the file's [variant.NAME]: the same study, smaller or larger");
  std::string note, tags, study_text;
  run->add_option("--note", note, "a sentence that each run keeps, for reports");
  run->add_option("--tag", tags, "words that each run keeps, a comma between, for reports to choose by");
  run->add_option("--study", study_text, "what the runs are made for, kept by each: digests of a study's files, say");
  run->add_option("-j,--jobs", jobs, "runs at a time (default: as many as keep all cores busy)")
      ->check(CLI::Range(1, 65536));
  SearchOptions search;
  std::string method;
  run->add_option("--draws", search.draws.count, "how many draws of the drawn options")
      ->check(CLI::Range(std::int64_t{1}, max_values));
  run->add_option("--draw-seed", search.draws.seed, "of the draws (default 0): the same seed gives the same ones");
  run->add_option("--draw-method", method, "random (default) or sobol");
  const auto each = [&](const char* name, std::vector<std::string>& texts, const char* help) {
    run->add_option(name, texts, help)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  };
  each("--zip", search.zips, "OPTION,OPTION,...: their lists run together");
  each("--only", search.only, "OPTION: OPTION=VALUE,...: the first only where the others have these values");
  each("--exclude", search.exclude, "OPTION=VALUE,...: leaves out the combinations that have all of these");
  run->add_option("--limit", search.limit, "at most so many runs: the first")
      ->check(CLI::Range(std::int64_t{1}, max_values));
  run->add_flag("--widen", widen,
                "where a stage's winner lies at the border of a log_uniform space: draw again from a wider one");
  run->add_flag("-q,--quiet", job.quiet, "no progress, only the summary");
  run->add_flag("--retry-failed,!--no-retry-failed", job.retry_failed, "run again what failed before (default: yes)");
  run->add_flag("--resume,!--no-resume", job.resume, "runs that have a checkpoint go on from it (default: yes)");
  run->add_flag("--not-bitwise", job.not_bitwise,
                "let them go on where the result is not the same to the bit: by another build, on another machine");
  auto* again =
      run->add_flag("--rebuild", rebuild, "run again what another build of the program, or another Gradus, has made");
  run->add_flag("--allow-mixed-builds", mixed, "keep what another build has made beside the new runs")->excludes(again);
  run->add_flag("-n,--dry-run", dry_run, "print the commands that would be run");
  run->footer(run_footer);

  CLI::App* list = app.add_subcommand("list", "print a table of the runs in a sweep's folder");
  std::string listed;
  list->add_option("folder", listed, "folder of the sweep")->required();
  std::vector<std::string> shown;
  list->add_option("--show", shown, "also the last value that each run has logged of TABLE/COLUMN[,TABLE/COLUMN ...]")
      ->delimiter(',');

  CLI::App* diff =
      app.add_subcommand("diff", "tell where two runs begin to differ: exit code 0 if nowhere, 1 if they do");
  std::string first, second;
  diff->add_option("first", first, "folder of a run")->required();
  diff->add_option("second", second, "folder of the other")->required();

  require_subcommand(app, own);
  if (own.front() == "list" && dashes != arguments.end())
    throw UsageError("list: expected sweep list FOLDER, and nothing after -- (a folder -NAME is written ./-NAME)");
  try {
    std::reverse(own.begin(), own.end());  // the order in which CLI11 takes a vector
    app.parse(own);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help
      std::ostringstream help;
      app.exit(error, help, help);
      records::put(help.str());
      return 0;
    }
    throw UsageError(fmt::format("{} (sweep --help tells more)", error.what()));
  }

  if (diff->parsed()) return print_difference(first, second) ? 0 : exit_different;
  if (list->parsed()) {
    print_runs(listed, shown);
    return 0;
  }

  if (!method.empty()) search.draws.method = parse_draw_method(method, "--draw-method");
  Specification specification;
  if (!file.empty()) {
    specification = load_toml(file, variant);
    const OptionList overrides = parse_arguments(rest);
    for (Stage& stage : specification.stages) {
      stage.overridden = !overrides.empty();
      for (Grid& grid : stage.grids) override_options(grid, overrides);
    }
  } else {
    if (!variant.empty()) throw UsageError("--variant: expected FILE.toml, whose variant it is");
    if (rest.empty())
      throw UsageError("run: nothing to run: expected FILE.toml, or -- PROGRAM --option=values ... (sweep run --help)");
    specification.program = rest.front();
    specification.stages.push_back({{}, {{parse_arguments({rest.begin() + 1, rest.end()})}}});
  }
  apply(specification, search);

  if (output.empty()) throw UsageError("--output: expected a folder");
  job.program = find_program(specification.program);
  job.command = arguments;
  job.output = output;
  if (!note.empty()) job.remarks.push_back("--note=" + note);
  if (!tags.empty()) job.remarks.push_back("--tag=" + tags);
  if (!study_text.empty()) job.remarks.push_back("--study=" + study_text);
  job.other_builds = rebuild ? OtherBuilds::rebuild : mixed ? OtherBuilds::keep : OtherBuilds::refuse;
  return run_study(job, specification, {jobs, dry_run, widen});
}

// Descriptors 0 to 2 are never something else's; what is written to one that was closed fails.
void open_standard_streams() {
  for (int stream = 0; stream <= 2; ++stream)
    if (::fcntl(stream, F_GETFD) < 0) static_cast<void>(::open("/dev/null", O_RDONLY) >= 0);
}

}  // namespace
}  // namespace gradus::sweep

int main(int argc, char** argv) {
  gradus::sweep::open_standard_streams();
  return gradus::records::guarded_main("sweep", [&] { return gradus::sweep::sweep_main({argv, argv + argc}); });
}
