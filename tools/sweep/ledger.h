// What has come of the runs of a plan that others run: a row and a count for each, and the table.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "tools/sweep/runner.h"

namespace gradus::sweep {

class Ledger {
 public:
  Ledger(const Job& job, const SweepPlan& plan);

  const Counts& counts() const { return outcome_.counts; }
  bool is_open(std::size_t run) const { return open_[run]; }
  std::vector<std::size_t> open() const;
  bool too_many_failed() const { return job_.limits.most_failures && counts().failed >= *job_.limits.most_failures; }

  // Each closes it. That of a run that is closed changes nothing.
  void finish(std::size_t run, const RunRecord& record);
  void fail(std::size_t run, const Failure& failure);
  void leave(std::size_t run, const std::string& reason);
  void stop(std::size_t run, const std::string& reason);  // it is pending, and can go on
  void give_up(std::size_t run);                          // too many have failed

  void note(std::string line);  // for the user, once

  void save_now_and_then();
  // With the table as it is then.
  Outcome outcome(bool interrupted);

 private:
  bool close(std::size_t run);
  void save();

  const Job& job_;
  const std::vector<Step>& steps_;
  Table table_;  // the first rows are the plan's steps, in order
  std::vector<bool> open_;
  Outcome outcome_;
  std::string table_problem_;
  int given_up_ = 0;
  std::chrono::steady_clock::time_point next_save_;
};

}  // namespace gradus::sweep
