#include "tools/sweep/study.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "experiments/records/files.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"
#include "tools/sweep/builds.h"
#include "tools/sweep/check.h"
#include "tools/sweep/command.h"
#include "tools/sweep/contests.h"
#include "tools/sweep/continuation.h"
#include "tools/sweep/early_stopping.h"
#include "tools/sweep/integrity/keep.h"
#include "tools/sweep/interruption.h"
#include "tools/sweep/layout.h"
#include "tools/sweep/lock.h"
#include "tools/sweep/mixed_builds.h"
#include "tools/sweep/patience.h"
#include "tools/sweep/planned.h"
#include "tools/sweep/replacement.h"
#include "tools/sweep/search.h"
#include "tools/sweep/slurm/job_arrays.h"
#include "tools/sweep/slurm/launcher.h"
#include "tools/sweep/stages.h"
#include "tools/sweep/summary.h"

namespace gradus::sweep {
namespace {

namespace fs = std::filesystem;

constexpr int most_widenings = 3;  // of a space, by a decade each

void keep_within_limit(std::vector<Combination>& combinations, std::optional<std::int64_t> limit, bool says_so) {
  if (!limit || static_cast<std::int64_t>(combinations.size()) <= *limit) return;
  if (says_so)
    records::complain("sweep", fmt::format("limit of {} runs: {} more of the sweep are left out", *limit,
                                           static_cast<std::int64_t>(combinations.size()) - *limit));
  combinations.erase(combinations.begin() + *limit, combinations.end());
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

// A rule that stops early says nothing of a run that ends before it pauses.
void warn_of_late_rungs(const std::vector<Combination>& combinations) {
  const auto ends_before = [](const Combination& one) { return one.length && one.first_stop >= *one.length; };
  const auto first = std::find_if(combinations.begin(), combinations.end(), ends_before);
  if (first == combinations.end()) return;
  const auto count = std::count_if(combinations.begin(), combinations.end(), ends_before);
  records::complain(
      "sweep", fmt::format("stopping: the first rung is at step {}, and {} of {} runs end before they come to it ({} "
                           "takes {} steps): nothing stops them early",
                           *first->first_stop, count, combinations.size(),
                           records::printable(shell_text(first->arguments())), *first->length));
}

// What a command before has drawn beyond a stage's space competes only where this one asks for it too.
void warn_of_narrower_spaces(const fs::path& output) {
  nlohmann::json stages;
  try {
    stages = records::read_current(output / stages_file).value("stages", nlohmann::json::array());
  } catch (const std::exception&) {
    return;  // there is none, or it is written anew
  }
  for (const nlohmann::json& stage : stages)
    if (stage.is_object() && stage.contains("added"))
      records::complain("sweep", fmt::format("stage {}: {} draws that --widen has added do not compete without it: say "
                                             "--widen again to choose among them",
                                             records::text_member(stage, "name"), stage["added"].size()));
}

class Study {
 public:
  Study(Job& job, const Specification& specification, const StudyOptions& options, Children& children, Signals& signals)
      : job_(job),
        options_(options),
        children_(children),
        signals_(signals),
        executable_(read_executable(job.program)),
        stages_(specification, job.output) {}

  int run() {
    take_description();
    check_all();
    if (options_.purpose == Purpose::print) return print();
    return options_.purpose == Purpose::plan ? plan() : run_stages();
  }

 private:
  // What the program tells of itself, before any run.
  void take_description() {
    description_ = describe(children_, signals_, job_.program);
    job_.program_name =
        description_.program.empty() ? records::printable(job_.program.filename().string()) : description_.program;
    job_.told_build = !description_.build.empty();
    job_.build = job_.told_build ? description_.build : executable_.digest;
    for (std::size_t i = 0; i < stages_.count(); ++i)
      if (job_.slurm && (stages_.at(i).stopping || is_searched(stages_.at(i))))
        throw UsageError(
            "--launcher=slurm: expected stages whose runs do not wait for one another: without stopping, and "
            "with --draw-method=random or sobol");
    for (std::size_t i = 0; i < stages_.count(); ++i)
      if (!description_.checks_runs && stages_.at(i).stopping)
        throw UsageError(
            fmt::format("stopping: {} does not answer --describe-runs, and may not know --stop-at", job_.program_name));
    if (!description_.checks_runs && !job_.remarks.empty())
      throw UsageError(fmt::format("{}: {} does not answer --describe-runs, and may not know it",
                                   job_.remarks.front().substr(0, job_.remarks.front().find('=')), job_.program_name));
  }

  void check(const fs::path& program, std::vector<Combination>& combinations) {
    if (description_.checks_runs && !were_accepted(job_, combinations))
      check_runs(children_, signals_, program, description_, combinations);
  }

  // Every stage, as far as it can be known before the stages that it builds on have run.
  void check_all() {
    for (std::size_t i = 0; i < stages_.count(); ++i) {
      std::vector<Combination> combinations = stages_.provisional(i);
      identify(combinations, job_.program_name);
      check(job_.program, combinations);
      // Before winners are presumed: who is cut off can be none.
      keep_within_limit(combinations, stages_.at(i).limit, !stages_.builds_on_others(i));
      job_.combinations = combinations;
      jobs_for(job_, options_.jobs);
      if (const auto& rule = stages_.at(i).stopping) {
        contests_of("stopping", rule->per, rule->over, combinations);
        warn_of_late_rungs(combinations);
      }
      stages_.presume(i, std::move(combinations));
    }
    if (records::sha256_of_file(job_.program) != executable_.digest) refuse_replaced(executable_);
  }

  void enter(std::size_t stage) {
    job_.stage = stages_.at(stage).name;
    job_.stopping = stages_.at(stage).stopping;
    job_.selected_by.reset();
    if (const auto& rule = stages_.at(stage).select) job_.selected_by = rule->by;
    job_.combinations = stages_.resolved(stage);
    if (stages_.builds_on_others(stage)) {
      identify(job_.combinations, job_.program_name);
      // Not the original, which may have been built again while the stages before ran.
      const fs::path& program = kept_.empty() ? job_.program : kept_;
      check(program, job_.combinations);
    }
    keep_within_limit(job_.combinations, stages_.at(stage).limit, true);
    job_.jobs = jobs_for(job_, options_.jobs);
  }

  // What is to be run too because a winner of the stage lies at the border of its space: whether there is any.
  bool reach_beyond(std::size_t stage, int round) {
    if (!options_.widen || round > most_widenings) return false;
    std::vector<Combination> more = stages_.beyond(stage);
    if (more.empty()) return false;
    for (const std::string& line : stages_.widened(stage))
      records::complain("sweep", fmt::format("stage {}: {}", job_.stage, line));
    identify(more, job_.program_name);
    const fs::path& program = kept_.empty() ? job_.program : kept_;
    check(program, more);
    job_.combinations.insert(job_.combinations.end(), more.begin(), more.end());
    identify(job_.combinations, job_.program_name);
    return true;
  }

  void keep_steps(const std::vector<Step>& steps) {
    complain_of_some("", keep_plan(job_, steps, kept_, [&] { signals_.check(); }));
  }

  Inventory inventory() {
    return take_inventory(job_.output, [&] { signals_.check(); });
  }

  std::int64_t presumed_runs(std::size_t stage) const {
    const auto count = static_cast<std::int64_t>(stages_.provisional(stage).size());
    return std::min(count, stages_.at(stage).limit.value_or(count));
  }

  int print() {
    return for_each_known([&](const SweepPlan& plan, const Inventory&) { print_commands(job_, plan); });
  }

  int plan() {
    make_folders();
    if (job_.asked_first) job_.asked_first->write(job_.output);
    return for_each_known([&](const SweepPlan& plan, const Inventory& found) {
      if (kept_.empty()) kept_ = kept_copy(job_.output, executable_);
      keep_steps(plan.steps);
      print_plan(job_, plan, found, options_.format);
    });
  }

  // Calls it with the plan of each stage whose runs are known by now: the first that is not whole is the last.
  template <class Call>
  int for_each_known(const Call& call) {
    for (std::size_t i = 0; i < stages_.count(); ++i) {
      enter(i);
      if (is_searched(stages_.at(i)) && !take_finished_search(i)) {
        records::complain("sweep", fmt::format("stage {}: about {} runs, whose settings are suggested while it runs",
                                               job_.stage, presumed_runs(i)));
        return wait_for(i);
      }
      for (int round = 1;; ++round) {
        const Inventory found = inventory();
        if (description_.late && i == 0) judge_silence(job_, found);
        SweepPlan plan = make_plan(job_, found);
        if (job_.stopping) plan = as_far_as_known(job_, std::move(plan));
        const bool whole = std::all_of(plan.steps.begin(), plan.steps.end(), [](const Step& step) {
          return step.action == Action::skip || (step.action == Action::wait && step.row.status == pruned_status);
        });
        std::vector<RunRow> rows;
        for (const Step& step : plan.steps) rows.push_back(step.row);
        if (whole && (i + 1 < stages_.count() || options_.widen)) {
          for (const std::string& line : stages_.conclude(i, job_.combinations, rows)) records::complain("sweep", line);
          if (reach_beyond(i, round)) continue;
        }
        call(plan, found);
        if (!whole) return wait_for(i);
        break;
      }
    }
    return 0;
  }

  // The runs of a stage whose settings are suggested, where all of them have ended: otherwise some are not known.
  bool take_finished_search(std::size_t stage) {
    const Inventory found = inventory();
    const std::unique_ptr<DrawSearch> search = begin_search(stage, found);
    std::vector<RunRow> rows;
    const Meanwhile meanwhile = [this](std::span<pollfd> others) {
      if (signals_.wait(std::chrono::milliseconds(200), others)) throw records::Interrupted{"interrupted"};
    };
    for (std::vector<Step> steps; !(steps = search->more(rows, meanwhile)).empty();)
      for (const Step& step : steps) {
        if (step.action != Action::skip) return false;
        rows.push_back(step.row);
      }
    job_.combinations.assign(search->combinations().begin(), search->combinations().end());
    return !rows.empty();
  }

  // Says what cannot be known before a stage has run.
  int wait_for(std::size_t stage) const {
    for (std::size_t later = stage + 1; later < stages_.count(); ++later)
      records::complain("sweep", fmt::format("stage {} waits for stage {}: about {} runs", stages_.at(later).name,
                                             stages_.at(later - 1).name, presumed_runs(later)));
    return 0;
  }

  void make_folders() const {
    std::error_code error;
    fs::create_directories(job_.output / logs_folder, error);
    if (error) throw records::SystemError(job_.output, "cannot be used as the output folder", error.value());
    for (const fs::path& folder : {job_.output, job_.output / logs_folder})
      if (::access(folder.c_str(), W_OK) != 0) throw records::SystemError(folder, "cannot be written to", errno);
  }

  int run_stages() {
    make_folders();
    if (!options_.widen) warn_of_narrower_spaces(job_.output);
    FolderLock lock(job_.output);
    children_.share(lock.descriptor());
    Claims claims(job_.output, lock.session());
    Cancellation cancellation(job_.output);
    const Surroundings surroundings{claims, cancellation, children_, signals_};
    if (job_.asked_first) job_.asked_first->write(job_.output);
    for (std::size_t i = 0; i < stages_.count(); ++i) {
      enter(i);
      const int code = run_stage(i, surroundings);
      if (code != 0 || i + 1 < stages_.count()) keep_manifest_after(code);
      if (code != 0) {
        if (i + 1 < stages_.count())
          records::complain(
              "sweep", fmt::format("stage {} is not begun: stage {} is not whole", stages_.at(i + 1).name, job_.stage));
        return code;
      }
    }
    // Tasks in Slurm's queue hold no lock.
    lock.if_last([&] {
      if (!has_job_arrays(job_.output))
        remove_unused_copies(job_.output, builds_in_use_, [&] { return planned_executables(job_.output); });
    });
    keep_manifest_after(0);
    return 0;
  }

  // Not after an interruption: whoever asked for it waits.
  void keep_manifest_after(int code) {
    if (code == records::exit_interrupted || signals_.limit_is_near()) return;
    complain_of_some("", keep_manifest(job_.output, [&] { signals_.check(); }));
  }

  int run_stage(std::size_t stage, const Surroundings& surroundings) {
    for (int round = 1;; ++round) {
      Outcome outcome;
      if (const int code = run_combinations(stage, round == 1, surroundings, outcome); code != 0) return code;
      for (const std::string& line : stages_.conclude(stage, job_.combinations, outcome.runs))
        records::put(line + "\n");
      if (!reach_beyond(stage, round)) break;
    }
    if (!job_.stage.empty()) stages_.write(job_.program_name);
    return 0;
  }

  // The stage's runs are not known yet.
  std::unique_ptr<DrawSearch> begin_search(std::size_t stage, const Inventory& found) {
    job_.combinations.clear();
    return std::make_unique<DrawSearch>(
        stages_.at(stage), job_.output,
        [this](std::vector<Combination>& combinations, const Meanwhile& meanwhile) {
          identify(combinations, job_.program_name);
          const fs::path& program = kept_.empty() ? job_.program : kept_;
          if (description_.checks_runs) check_runs(children_, signals_, program, description_, combinations, meanwhile);
        },
        [this, &found](const Combination& combination) {
          Job one = job_;
          one.combinations = {combination};
          Step step = make_plan(one, found).steps.front();
          step.combination = &combination;
          return step;
        },
        [this](pid_t process) { children_.spare(process); });
  }

  // What the user has said of other builds holds for later commands too.
  void remember_builds(const SweepPlan& plan) const {
    const auto pause = [&] { signals_.check(); };
    if (job_.other_builds == OtherBuilds::rebuild) forget_allowed_builds(job_.output, pause);
    if (job_.other_builds != OtherBuilds::keep || plan.builds.empty()) return;
    std::set<std::string> builds = plan.builds;
    builds.insert(job_.build);
    allow_builds(job_.output, builds, pause);
  }

  int run_combinations(std::size_t stage, bool first, const Surroundings& surroundings, Outcome& outcome) {
    Inventory found = inventory();
    if (stage == 0 && first) {
      if (!found.cache_problem.empty())
        records::complain("sweep", fmt::format("{}; it is made anew from the runs' folders", found.cache_problem));
      complain_of_some("", found.notes());
      if (description_.late) judge_silence(job_, found);
      finish_replacements(job_.output, found);
    }
    std::unique_ptr<DrawSearch> search;
    if (is_searched(stages_.at(stage))) search = begin_search(stage, found);
    const SweepPlan plan = make_plan(job_, found);
    if (stage + 1 == stages_.count())  // until then, later stages may be of other runs of the folder
      for (const std::string& note : plan.notes) records::complain("sweep", note);
    remember_builds(plan);
    if (kept_.empty()) kept_ = kept_copy(job_.output, executable_);
    keep_steps(plan.steps);
    outcome = job_.slurm ? run_on_slurm(job_, plan, found, kept_, surroundings)
                         : run_plan(job_, plan, found, kept_, surroundings, search.get());
    if (search) {
      job_.combinations.assign(search->combinations().begin(), search->combinations().end());
      // Whoever interrupted it waits for its end.
      complain_of_some("", keep_plan(job_, outcome.steps, kept_, [] {}));
    }
    builds_in_use_ = builds_in_use(executable_, outcome.runs, plan.others);
    const int code = report(job_, outcome);
    if (outcome.interrupted) return signals_.limit_is_near() ? records::exit_stopped : records::exit_interrupted;
    return code;
  }

  Job& job_;
  const StudyOptions& options_;
  Children& children_;
  Signals& signals_;
  const Executable executable_;
  Stages stages_;
  ProgramDescription description_;
  fs::path kept_;  // the executable that runs
  std::set<std::string> builds_in_use_;
};

}  // namespace

int run_study(Job& job, const Specification& specification, const StudyOptions& options) {
  Signals signals;
  Children children;
  return unless_interrupted(signals, [&] { return Study(job, specification, options, children, signals).run(); });
}

}  // namespace gradus::sweep
