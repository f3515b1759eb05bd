#include "tools/sweep/ledger.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/records/checkpoint.h"
#include "experiments/records/program.h"
#include "tools/sweep/metric_choice.h"

namespace gradus::sweep {

Ledger::Ledger(const Job& job, const SweepPlan& plan)
    : job_(job), others_(plan.others), found_table_(plan.found_table), progress_(job.quiet) {}

std::size_t Ledger::add(const Step& step) {
  const std::size_t run = steps_.size();
  steps_.push_back(step);
  rows_.push_back(step.row);
  ++counts_.total;
  ids_.insert(step.row.id);
  if (step.action == Action::skip) {
    ++counts_.skipped;
    check_column(step.row);
  }
  if (step.action == Action::keep) ++counts_.failed;
  if (step.action == Action::leave) left_alone(run, step.row.reason);
  return run;
}

void Ledger::finished(std::size_t run, const RunRecord& record, std::optional<int> exit_code) {
  RunRow& row = rows_[run];
  row.build = job_.build;
  tell(row, record);
  check_column(row);
  row.exit_code = exit_code ? *exit_code : records::exit_code_of(record.status);
  ++(!exit_code                                             ? counts_.elsewhere
     : record.status == name_of(records::Status::completed) ? counts_.completed
                                                            : counts_.diverged);
  if (job_.told_build && !record.build.empty() && record.build != job_.build)
    problem(fmt::format("{}: made by another build ({}) than the sweep began with ({})", row.id,
                        record.build.substr(0, 12), job_.build.substr(0, 12)));
}

void Ledger::failed(std::size_t run, int exit_code, const std::string& reason) {
  RunRow& row = rows_[run];
  row.status = "failed";
  row.exit_code = exit_code;
  row.reason = reason;
  ++counts_.failed;
  say(fmt::format("failed {}: {}", row.id, reason));
}

void Ledger::left_alone(std::size_t run, const std::string& reason) {
  rows_[run].reason = reason;
  ++counts_.left;
  left_alone_.push_back(run);
  say(fmt::format("left alone {}: {}", rows_[run].id, reason));
}

void Ledger::suspended(std::size_t run, Suspension::How how, const std::filesystem::path& folder) {
  RunRow& row = rows_[run];
  row.status = "pending";
  row.reason = how == Suspension::How::stopped ? "stopped" : "interrupted";
  const auto step = records::checkpoint_step(folder);
  if (step) row.reason += fmt::format(", goes on at step {}", *step);
  suspended_.insert_or_assign(run, Suspension{how, step});
}

// By the first that has completed: what one logs the others do.
void Ledger::check_column(const RunRow& row) {
  if (!job_.selected_by || has_column_ || !obstacle_.empty() || row.status != name_of(records::Status::completed))
    return;
  try {
    MetricReader(*job_.selected_by, "select").read(job_.output / row.id);
    has_column_ = true;
  } catch (const records::SystemError&) {
    // Another will tell.
  } catch (const std::runtime_error& error) {
    obstacle_ = (job_.stage.empty() ? "" : fmt::format("stage {}: ", job_.stage)) + error.what();
  }
}

void Ledger::given_up(int runs, int tried) {
  const std::string again = tried > 0 ? fmt::format(", {} of them again", tried) : "";
  if (!obstacle_.empty())
    problem(runs > 0 ? fmt::format("{}; {} runs are not begun{}", obstacle_, runs, again) : obstacle_);
  else if (runs > 0)
    problem(fmt::format("{} runs have failed, as many as --max-fails allows: {} are not begun{}", counts_.failed, runs,
                        again));
}

void Ledger::warn(const std::string& line) {
  progress_.clear();
  records::complain("sweep", line);
}

void Ledger::note(std::string line) {
  say(line);
  notes_.push_back(std::move(line));
}

void Ledger::show(int running) {
  counts_.running = running;
  progress_.show(counts_);
}

// Results of earlier grids in this folder stay in its table, after this sweep's.
void Ledger::write_table() {
  if (!job_.keeps_table) return;
  Table table{job_.program_name, job_.command, rows_};
  for (const RunRow& row : others_)
    if (!ids_.contains(row.id)) table.runs.push_back(row);
  if (!has_written_ && found_table_ != nullptr && table.is_written(job_.output, *found_table_)) return;
  table.write(job_.output);
  has_written_ = true;
}

void Ledger::save() {
  try {
    write_table();
    table_problem_.clear();
  } catch (const std::exception& error) {
    table_problem_ = error.what();  // the runs' own folders hold the results: go on
  }
}

// At most every second, and at most a fiftieth of the time: a table of 10,000 runs takes a while to write.
void Ledger::save_now_and_then() {
  const auto now = Clock::now();
  if (now < next_save_) return;
  save();
  next_save_ = Clock::now() + std::max<Clock::duration>(std::chrono::seconds(1), 50 * (Clock::now() - now));
}

Outcome Ledger::outcome(bool interrupted) {
  show(0);
  progress_.clear();
  save();
  if (!table_problem_.empty()) problem(table_problem_);
  return {counts_,
          {steps_.begin(), steps_.end()},
          std::move(rows_),
          std::move(left_alone_),
          std::move(suspended_),
          std::move(notes_),
          std::move(problems_),
          interrupted};
}

}  // namespace gradus::sweep
