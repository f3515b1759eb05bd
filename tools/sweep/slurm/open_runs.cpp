#include "tools/sweep/slurm/open_runs.h"

namespace gradus::sweep {

OpenRuns::OpenRuns(const Job& job, const SweepPlan& plan) : ledger_(job, plan) {
  for (const Step& step : plan.steps) {
    ledger_.add(step);
    open_.push_back(step.action != Action::skip && step.action != Action::keep && step.action != Action::leave);
  }
  ledger_.write_table();
}

std::vector<std::size_t> OpenRuns::all() const {
  std::vector<std::size_t> runs;
  for (std::size_t i = 0; i < open_.size(); ++i)
    if (open_[i]) runs.push_back(i);
  return runs;
}

bool OpenRuns::close(std::size_t run) {
  const bool was_open = open_[run];
  open_[run] = false;
  return was_open;
}

void OpenRuns::finish(std::size_t run, const RunRecord& record) {
  if (close(run)) ledger_.finished(run, record, records::exit_code_of(record.status));
}

void OpenRuns::fail(std::size_t run, const Failure& failure) {
  if (close(run)) ledger_.failed(run, failure.code, failure.reason);
}

void OpenRuns::leave(std::size_t run, const std::string& reason) {
  if (close(run)) ledger_.left_alone(run, reason);
}

void OpenRuns::stop(std::size_t run, const std::string& reason) {
  if (!close(run)) return;
  ledger_.rows()[run].reason = reason;
  ++ledger_.counts().stopped;
}

void OpenRuns::give_up(std::size_t run, bool was_tried) {
  if (!close(run)) return;
  ++given_up_;
  tried_ += was_tried ? 1 : 0;
}

void OpenRuns::note(const std::string& line) {
  if (notes_.insert(line).second) ledger_.note(line);
}

Outcome OpenRuns::outcome(bool interrupted) {
  ledger_.given_up(given_up_, tried_);
  return ledger_.outcome(interrupted);
}

}  // namespace gradus::sweep
