#include "tools/sweep/ledger.h"

#include <fmt/format.h>

#include <algorithm>

namespace gradus::sweep {

using Clock = std::chrono::steady_clock;

Ledger::Ledger(const Job& job, const SweepPlan& plan)
    : job_(job), steps_(plan.steps), open_(plan.steps.size()), next_save_(Clock::now()) {
  table_.program = job.program_name;
  table_.command = job.command;
  Counts& counts = outcome_.counts;
  counts.total = static_cast<int>(plan.steps.size());
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    table_.runs.push_back(step.row);
    open_[i] = true;
    if (step.action == Action::skip || step.action == Action::keep) {
      ++(step.action == Action::skip ? counts.skipped : counts.failed);
      open_[i] = false;
    } else if (step.action == Action::leave) {
      leave(i, step.row.reason);
    }
  }
  table_.runs.insert(table_.runs.end(), plan.others.begin(), plan.others.end());
  if (job_.keeps_table) table_.write(job_.output);
}

std::vector<std::size_t> Ledger::open() const {
  std::vector<std::size_t> runs;
  for (std::size_t i = 0; i < open_.size(); ++i)
    if (open_[i]) runs.push_back(i);
  return runs;
}

bool Ledger::close(std::size_t run) {
  const bool was_open = open_[run];
  open_[run] = false;
  return was_open;
}

void Ledger::finish(std::size_t run, const RunRecord& record) {
  if (!close(run)) return;
  RunRow& row = table_.runs[run];
  row.build = job_.build;
  tell(row, record);
  ++(record.status == name_of(records::Status::completed) ? outcome_.counts.completed : outcome_.counts.diverged);
}

void Ledger::fail(std::size_t run, const Failure& failure) {
  if (!close(run)) return;
  RunRow& row = table_.runs[run];
  row.status = "failed";
  row.exit_code = failure.code;
  row.reason = failure.reason;
  ++outcome_.counts.failed;
}

void Ledger::leave(std::size_t run, const std::string& reason) {
  if (!close(run)) return;
  table_.runs[run].reason = reason;
  ++outcome_.counts.left;
  outcome_.left_alone.push_back(run);
}

void Ledger::stop(std::size_t run, const std::string& reason) {
  if (!close(run)) return;
  table_.runs[run].reason = reason;
  ++outcome_.counts.stopped;
}

void Ledger::give_up(std::size_t run) { given_up_ += close(run) ? 1 : 0; }

void Ledger::note(std::string line) {
  std::vector<std::string>& notes = outcome_.notes;
  if (std::find(notes.begin(), notes.end(), line) == notes.end()) notes.push_back(std::move(line));
}

void Ledger::save() {
  if (!job_.keeps_table) return;
  try {
    table_.write(job_.output);
    table_problem_.clear();
  } catch (const std::exception& error) {
    table_problem_ = error.what();  // the runs' own folders hold the results: go on
  }
}

// At most every second, and at most a fiftieth of the time.
void Ledger::save_now_and_then() {
  const auto now = Clock::now();
  if (now < next_save_) return;
  save();
  next_save_ = Clock::now() + std::max<Clock::duration>(std::chrono::seconds(1), 50 * (Clock::now() - now));
}

Outcome Ledger::outcome(bool interrupted) {
  save();
  if (!table_problem_.empty()) outcome_.problems.push_back(table_problem_);
  if (given_up_ > 0)
    outcome_.problems.push_back(fmt::format("{} runs have failed, as many as --max-fails allows: {} are not begun",
                                            counts().failed, given_up_));
  outcome_.interrupted = interrupted;
  outcome_.steps = steps_;
  outcome_.runs.assign(table_.runs.begin(), table_.runs.begin() + counts().total);
  return outcome_;
}

}  // namespace gradus::sweep
