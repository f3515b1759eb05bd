// sweep: runs a program over a grid of its options, one process a run, and keeps a table of what came of each.
//
// Exit codes: 0 every run completed or diverged, 1 a run failed or the system did, 2 usage, 130 interrupted.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <set>
#include <sstream>
#include <stdexcept>

#include "experiments/records/files.h"
#include "experiments/records/program.h"
#include "experiments/records/text.h"
#include "tools/sweep/builds.h"
#include "tools/sweep/check.h"
#include "tools/sweep/command.h"
#include "tools/sweep/list.h"
#include "tools/sweep/lock.h"
#include "tools/sweep/patience.h"
#include "tools/sweep/replacement.h"
#include "tools/sweep/runner.h"
#include "tools/sweep/toml_file.h"

namespace gradus::sweep {
namespace {

namespace fs = std::filesystem;

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

Finished runs of the folder are skipped, so the same command continues a sweep that was interrupted.
Exit codes: 0 every run completed or diverged, 1 a run failed, 2 usage, 130 interrupted.)";

int default_jobs(const std::vector<Combination>& combinations) {
  std::int64_t threads = 1;  // of the run that uses most
  for (const Combination& combination : combinations)
    if (const OptionValue* value = combination.find("threads"); value != nullptr && value->json.is_number_integer())
      threads = std::max(threads, value->json.get<std::int64_t>());
  return static_cast<int>(std::max<std::int64_t>(1, usable_processors() / threads));
}

void print_commands(const Job& job, const SweepPlan& plan) {
  std::size_t left_out = 0;
  for (const Step& step : plan.steps) {
    const bool runs = step.action == Action::run || step.action == Action::rebuild;
    if (runs)
      records::put(
          fmt::format("{}\n", shell_text(run_command(job, job.program, *step.combination, job.output / step.row.id))));
    else
      ++left_out;
  }
  if (left_out > 0)
    records::complain("sweep", fmt::format("{} of {} runs are not needed again", left_out, plan.steps.size()));
}

int report(const Job& job, const SweepPlan& plan, const Outcome& outcome) {
  const auto named = [&](std::size_t i) {
    return fmt::format("{} ({}): {}", outcome.runs[i].id,
                       records::printable(shell_text(plan.steps[i].combination->arguments())), outcome.runs[i].reason);
  };
  const Counts& counts = outcome.counts;
  records::put(fmt::format("{} runs: {} completed, {} diverged, {} failed, {} skipped (finished before)", counts.total,
                           counts.completed, counts.diverged, counts.failed, counts.skipped));
  if (counts.left > 0) records::put(fmt::format(", {} left alone", counts.left));
  if (outcome.interrupted) records::put(fmt::format(", {} pending: interrupted", counts.total - counts.done()));
  records::put("\n");
  for (std::size_t i = 0; i < outcome.runs.size(); ++i)
    if (outcome.runs[i].status == "failed") records::put(fmt::format("failed {}\n", named(i)));
  if (counts.failed > 0)
    records::put(fmt::format("logs: {}/<id>.log\n", records::printable((job.output / "logs").string())));
  std::vector<std::string> left_alone;
  for (const std::size_t i : outcome.left_alone) left_alone.push_back(named(i));
  complain_of_some("left alone ", left_alone);
  for (const std::string& problem : outcome.problems) records::complain("sweep", problem);
  if (outcome.interrupted) return records::exit_interrupted;
  return counts.failed > 0 || counts.left > 0 || !outcome.problems.empty() ? records::exit_failed : 0;
}

void keep_within_limit(std::vector<Combination>& combinations, std::optional<std::int64_t> limit) {
  if (!limit || static_cast<std::int64_t>(combinations.size()) <= *limit) return;
  records::complain("sweep", fmt::format("limit of {} runs: {} more of the sweep are left out", *limit,
                                         static_cast<std::int64_t>(combinations.size()) - *limit));
  combinations.erase(combinations.begin() + *limit, combinations.end());
}

// What a program tells of itself and of its runs, before any of them. False where it did not answer in time.
bool ask(Job& job, const Specification& specification, Children& children, Signals& signals,
         const Executable& executable) {
  const ProgramDescription description = describe(children, signals, job.program);
  job.program_name =
      description.program.empty() ? records::printable(job.program.filename().string()) : description.program;
  job.told_build = !description.build.empty();
  job.build = job.told_build ? description.build : executable.digest;
  const Stage& stage = specification.stages.front();
  job.combinations = expand(stage);
  identify(job.combinations, job.program_name);
  if (!description.checks_runs && !job.remarks.empty())
    throw UsageError(fmt::format("{}: {} does not answer --describe-runs, and may not know it",
                                 job.remarks.front().substr(0, job.remarks.front().find('=')), job.program_name));
  if (description.checks_runs) check_runs(children, signals, job.program, description, job.combinations);
  keep_within_limit(job.combinations, stage.limit);
  if (records::sha256_of_file(job.program) != executable.digest) refuse_replaced(executable);
  return !description.late;
}

// A slow program may be another build than that of the runs in the folder, which is not to go unnoticed.
void judge_silence(const Job& job, const Inventory& inventory) {
  const std::string silence =
      fmt::format("{} --describe: no answer for {} seconds", records::printable(job.program.string()),
                  std::chrono::duration<double>(answer_patience()).count());
  for (const auto& [id, record] : inventory.records)
    if (!record.build.empty())
      throw std::runtime_error(
          fmt::format("{}: cannot tell whether it is the build that made the runs of {} ({}): "
                      "run the same command again",
                      silence, job.output.string(), id));
  records::complain("sweep", silence + ": its options and builds are not checked");
}

std::set<std::string> builds_in_use(const Executable& executable, const std::vector<RunRow>& runs,
                                    const std::vector<RunRow>& others) {
  std::set<std::string> builds = {executable.digest};
  for (const std::vector<RunRow>* rows : {&runs, &others})
    for (const RunRow& row : *rows) builds.insert(row.build);
  return builds;
}

int run_job(Job& job, const Specification& specification, int jobs, bool dry_run) {
  Signals signals;
  Children children;
  const Executable executable = read_executable(job.program);
  const bool answered = ask(job, specification, children, signals, executable);
  job.jobs = jobs > 0 ? jobs : default_jobs(job.combinations);
  const auto pause = [&] { signals.check(); };
  if (dry_run) {
    const Inventory inventory = take_inventory(job.output, pause);
    if (!answered) judge_silence(job, inventory);
    print_commands(job, make_plan(job, inventory));
    return 0;
  }

  std::error_code error;
  fs::create_directories(job.output / "logs", error);
  if (error) throw records::SystemError(job.output, "cannot be used as the output folder", error.value());
  for (const fs::path& folder : {job.output, job.output / "logs"})
    if (::access(folder.c_str(), W_OK) != 0) throw records::SystemError(folder, "cannot be written to", errno);
  const FolderLock lock(job.output, signals);
  children.share(lock.descriptor());
  Inventory inventory = take_inventory(job.output, pause);
  if (!inventory.cache_problem.empty())
    records::complain("sweep", fmt::format("{}; it is made anew from the runs' folders", inventory.cache_problem));
  complain_of_some("", inventory.notes());
  if (!answered) judge_silence(job, inventory);
  finish_replacements(job.output, inventory);
  const SweepPlan plan = make_plan(job, inventory);
  for (const std::string& note : plan.notes) records::complain("sweep", note);
  const Outcome outcome = run_plan(job, plan, inventory, kept_copy(job.output, executable), children, signals);
  if (lock.is_exclusive()) remove_unused_copies(job.output, builds_in_use(executable, outcome.runs, plan.others));
  return report(job, plan, outcome);
}

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
  bool dry_run = false, rebuild = false, mixed = false;
  run->add_option("file", file, "specification in TOML; options after -- override its own");
  run->add_option("-o,--output", output, "folder of the sweep")->required();
  std::string note, tags;
  run->add_option("--note", note, "a sentence that each run keeps, for reports");
  run->add_option("--tag", tags, "words that each run keeps, a comma between, for reports to choose by");
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
  run->add_flag("-q,--quiet", job.quiet, "no progress, only the summary");
  run->add_flag("--retry-failed,!--no-retry-failed", job.retry_failed, "run again what failed before (default: yes)");
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

  if (list->parsed()) {
    print_runs(listed, shown);
    return 0;
  }

  if (!method.empty()) search.draws.method = parse_draw_method(method, "--draw-method");
  Specification specification;
  if (!file.empty()) {
    specification = load_toml(file);
    const OptionList overrides = parse_arguments(rest);
    for (Stage& stage : specification.stages) {
      stage.overridden = !overrides.empty();
      for (Grid& grid : stage.grids) override_options(grid, overrides);
    }
  } else {
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
  job.other_builds = rebuild ? OtherBuilds::rebuild : mixed ? OtherBuilds::keep : OtherBuilds::refuse;
  try {
    return run_job(job, specification, jobs, dry_run);
  } catch (const records::Interrupted& signal) {
    records::complain("sweep", signal.what);
    return records::exit_interrupted;
  }
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
