#include "tools/sweep/runner.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <set>

#include "experiments/records/checkpoint.h"
#include "experiments/records/files.h"
#include "tools/sweep/builds.h"
#include "tools/sweep/last_line.h"
#include "tools/sweep/patience.h"
#include "tools/sweep/replacement.h"
#include "tools/sweep/resume.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

Environment environment_of(const Combination& combination) {
  const OptionValue* threads = combination.find("threads");
  if (threads == nullptr) return {"OMP_NUM_THREADS=1"};
  if (threads->json.is_number_integer() && threads->json.get<std::int64_t>() > 0)
    return {"OMP_NUM_THREADS=" + threads->text};
  return {};
}

class Runner {
 public:
  Runner(const Job& job, const SweepPlan& plan, const Inventory& inventory, const fs::path& executable,
         Children& children, Signals& signals)
      : job_(job),
        plan_(plan),
        executable_(executable),
        known_digest_(known_digest(executable)),
        children_(children),
        signals_(signals),
        progress_(job.quiet) {
    table_.program = job.program_name;
    table_.command = job.command;
    counts_.total = static_cast<int>(plan.steps.size());
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
      const Step& step = plan.steps[i];
      table_.runs.push_back(step.row);
      switch (step.action) {
        case Action::skip:
          ++counts_.skipped;
          if (inventory.rebuilds.contains(step.row.id)) tidy(step.row);
          break;
        case Action::keep:
          ++counts_.failed;
          break;
        case Action::leave:
          leave(i, step.row.reason);
          break;
        case Action::run:
        case Action::rebuild:
          queue_.push_back(i);
      }
    }
    // Results of earlier grids in this folder stay in its table, after this sweep's.
    table_.runs.insert(table_.runs.end(), plan.others.begin(), plan.others.end());
  }

  Outcome run() {
    table_.write(job_.output);
    std::size_t next = 0;
    Clock::time_point deadline{};
    while (true) {
      while (!interrupted_ && next < queue_.size() && running_.size() < static_cast<std::size_t>(job_.jobs))
        start(queue_[next++]);
      if (running_.empty() && (interrupted_ || next == queue_.size())) break;
      show();

      if (signals_.wait(std::chrono::milliseconds(200))) {
        // A second Ctrl-C does not wait for the grace period.
        deadline = interrupted_ ? Clock::now() : Clock::now() + grace_;
        if (!interrupted_)
          for (const auto& [child, index] : running_) children_.ask_to_end(child);
        interrupted_ = true;
      }
      if (interrupted_ && Clock::now() >= deadline)
        for (const auto& [child, index] : running_) children_.end_at_once(child);
      while (const auto ended = children_.collect()) judge(ended->first, ended->second);
      save_now_and_then();
    }
    show();
    progress_.clear();
    save();
    Outcome outcome{counts_, {}, std::move(left_alone_), std::move(notes_), std::move(problems_), interrupted_};
    if (!table_problem_.empty()) outcome.problems.push_back(table_problem_);
    outcome.runs.assign(table_.runs.begin(), table_.runs.begin() + counts_.total);
    return outcome;
  }

 private:
  fs::path folder_of(std::size_t index) const {
    const std::string& id = table_.runs[index].id;
    return plan_.steps[index].action == Action::rebuild ? rebuild_folder(job_.output, id) : job_.output / id;
  }
  // Beside that of the old run, too, until it takes its place.
  fs::path log_of(std::size_t index) const {
    const bool beside = plan_.steps[index].action == Action::rebuild;
    return job_.output / "logs" / (table_.runs[index].id + (beside ? rebuild_suffix : "") + ".log");
  }

  // What an earlier replacement of a run that counts has left; a result of another build is no leftover.
  void tidy(const RunRow& row) {
    if (!row.build.empty() && row.build != job_.build) return;
    try {
      const fs::path leftover = rebuild_folder(job_.output, row.id);
      if (!records::is_running(leftover)) records::remove_folder(leftover);
    } catch (const records::SystemError& error) {
      problems_.push_back(error.what());
    }
  }

  // `anew` although it might go on from a checkpoint.
  void start(std::size_t index, bool anew = false) {
    const fs::path folder = folder_of(index);
    try {
      if (records::is_running(folder)) return leave(index, "a process still writes into its folder");
      if (is_there_already(index)) return;
      const Combination& combination = *plan_.steps[index].combination;
      const bool resume = !anew && step_to_resume_from(job_, combination, folder, read_record(folder)).has_value();
      if (!resume) records::remove_folder(folder);  // what is left of an earlier try
      const records::Descriptor log(log_of(index), O_WRONLY | O_CREAT | O_APPEND | (resume ? 0 : O_TRUNC), 0644);
      Environment environment = environment_of(combination);
      environment.insert(environment.end(), known_digest_.begin(), known_digest_.end());
      const pid_t child = children_.start({run_command(job_, executable_, combination, folder, resume),
                                           std::move(environment), -1, log.get(), log.get()});
      running_.emplace(child, index);
      if (resume) resumed_.insert(index);
    } catch (const records::SystemError& error) {
      // The system's trouble is not the run's: it stays pending.
      leave(index, fmt::format("could not be started: {}", error.what()));
    }
  }

  // A sweep may have been killed between the end of a successor and its taking the place; and nothing is removed that
  // has become a result since the plan was made, or cannot be read now.
  bool is_there_already(std::size_t index) {
    const RunRecord record = read_record(folder_of(index));
    const bool other = record.verdict == records::Verdict::other_schema && job_.other_builds != OtherBuilds::rebuild;
    if (record.verdict == records::Verdict::unreadable || other) {
      leave(index, record.problem);
      return true;
    }
    const bool fits =
        plan_.steps[index].action == Action::run || (job_.told_build && record.build == job_.build &&
                                                     record.config_hash == plan_.steps[index].combination->config_hash);
    if (!record.is_result() || !fits) return false;
    settle(index, record, records::exit_code_of(record.status));
    return true;
  }

  void judge(pid_t child, const ProcessEnd& ending) {
    const auto found = running_.find(child);
    if (found == running_.end()) return;
    const std::size_t index = found->second;
    running_.erase(found);
    const bool resumed = resumed_.erase(index) > 0;
    if (ending.kind == ProcessEnd::Kind::not_started)
      return leave(index,
                   fmt::format("could not be started: {}: {}", executable_.string(), std::strerror(ending.value)));
    const int code = ending.kind == ProcessEnd::Kind::exited ? ending.value : 128 + ending.value;
    const RunRecord record = read_record(folder_of(index));
    if (record.is_result()) return settle(index, record, code);
    if (record.verdict == records::Verdict::unreadable) return leave(index, record.problem);
    if (interrupted_) return suspend(index, "interrupted");
    if (code == records::exit_stopped) {
      ++counts_.stopped;
      return suspend(index, "stopped");
    }
    const std::string line = last_line(log_of(index));
    if (ending.kind != ProcessEnd::Kind::exited)
      return fail(index, code,
                  fmt::format("{}killed by signal {} ({}){}{}",
                              ending.kind == ProcessEnd::Kind::lost ? "its supervisor was " : "", ending.value,
                              ::strsignal(ending.value), line.empty() ? "" : "; last line: ", line));
    if (resumed && code == records::exit_usage) {
      notes_.push_back(
          fmt::format("{} does not go on from its checkpoint, and is begun anew: {}", table_.runs[index].id, line));
      progress_.note(notes_.back());
      return start(index, true);
    }
    if (code == 0) return fail(index, code, fmt::format("exit code 0, but {}", record.problem));
    fail(index, code, line.empty() ? fmt::format("exit code {}, nothing in its log", code) : line);
  }

  // It is pending, and may have a checkpoint.
  void suspend(std::size_t index, const char* how) {
    RunRow& row = table_.runs[index];
    row.status = "pending";
    const auto step = records::checkpoint_step(folder_of(index));
    row.reason = step ? fmt::format("{}, goes on at step {}", how, *step) : how;
  }

  // A result, in its place.
  void settle(std::size_t index, const RunRecord& record, int code) {
    RunRow& row = table_.runs[index];
    row.build = job_.build;
    tell(row, record);
    row.exit_code = code;
    ++(record.status == name_of(records::Status::completed) ? counts_.completed : counts_.diverged);
    if (job_.told_build && !record.build.empty() && record.build != job_.build)
      problems_.push_back(fmt::format("{}: made by another build ({}) than the sweep began with ({})", row.id,
                                      record.build.substr(0, 12), job_.build.substr(0, 12)));
    if (plan_.steps[index].action != Action::rebuild) return;
    try {
      replace_run(job_.output, row.id);
      const fs::path log = job_.output / "logs" / (row.id + ".log");
      if (::rename(log_of(index).c_str(), log.c_str()) != 0 && errno != ENOENT)
        throw records::SystemError(log, "cannot be replaced", errno);
    } catch (const records::SystemError& error) {
      problems_.push_back(fmt::format("{}: made anew, but {}", row.id, error.what()));
    }
  }

  void fail(std::size_t index, int code, const std::string& reason) {
    RunRow& row = table_.runs[index];
    row.status = "failed";
    row.exit_code = code;
    row.reason = reason;
    ++counts_.failed;
    progress_.note(fmt::format("failed {}: {}", row.id, reason));
  }

  void leave(std::size_t index, const std::string& reason) {
    table_.runs[index].reason = reason;
    ++counts_.left;
    left_alone_.push_back(index);
    progress_.note(fmt::format("left alone {}: {}", table_.runs[index].id, reason));
  }

  void show() {
    counts_.running = static_cast<int>(running_.size());
    progress_.show(counts_);
  }

  void save() {
    try {
      table_.write(job_.output);
      table_problem_.clear();
    } catch (const std::exception& error) {
      table_problem_ = error.what();  // the runs' own folders hold the results: go on
    }
  }

  // At most every second, and at most a fiftieth of the time: a table of 10,000 runs takes a while to write.
  void save_now_and_then() {
    const auto now = Clock::now();
    if (now < next_save_) return;
    save();
    next_save_ = Clock::now() + std::max<Clock::duration>(std::chrono::seconds(1), 50 * (Clock::now() - now));
  }

  const Job& job_;
  const SweepPlan& plan_;
  const fs::path& executable_;
  const Environment known_digest_;
  Children& children_;
  Signals& signals_;
  Progress progress_;
  Table table_;  // the first counts_.total rows are the plan's steps, in order
  Counts counts_;
  std::vector<std::size_t> queue_;
  std::map<pid_t, std::size_t> running_;
  bool interrupted_ = false;
  std::vector<std::size_t> left_alone_;
  std::vector<std::string> notes_, problems_;
  std::set<std::size_t> resumed_;  // of those that run
  std::string table_problem_;
  const std::chrono::milliseconds grace_ = ending_grace();
  Clock::time_point next_save_ = Clock::now();
};

}  // namespace

std::vector<std::string> run_command(const Job& job, const fs::path& program, const Combination& combination,
                                     const fs::path& folder, bool resume) {
  std::vector<std::string> argv = {program.string()};
  for (std::string& argument : combination.arguments()) argv.push_back(std::move(argument));
  argv.insert(argv.end(), combination.controls.begin(), combination.controls.end());
  if (resume) argv.emplace_back("--resume");
  if (resume && job.not_bitwise) argv.emplace_back("--not-bitwise");
  argv.insert(argv.end(), job.remarks.begin(), job.remarks.end());
  argv.push_back("--output=" + folder.string());
  argv.emplace_back("--quiet");
  return argv;
}

Outcome run_plan(const Job& job, const SweepPlan& plan, const Inventory& inventory, const fs::path& executable,
                 Children& children, Signals& signals) {
  return Runner(job, plan, inventory, executable, children, signals).run();
}

}  // namespace gradus::sweep
