// Which runs of a plan that others run are still to come to an end.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tools/sweep/claim.h"
#include "tools/sweep/ledger.h"

namespace gradus::sweep {

class OpenRuns {
 public:
  OpenRuns(const Job& job, const SweepPlan& plan);

  Ledger& ledger() { return ledger_; }
  std::vector<std::size_t> all() const;  // steps of the plan

  // Each closes it. That of a run that is closed changes nothing.
  void finish(std::size_t run, const RunRecord& record);
  void fail(std::size_t run, const Failure& failure);
  void leave(std::size_t run, const std::string& reason);
  void stop(std::size_t run, const std::string& reason);  // it is pending, and can go on
  void give_up(std::size_t run, bool was_tried);          // no more is begun

  void note(const std::string& line);  // for the user, once
  Outcome outcome(bool interrupted);

 private:
  bool close(std::size_t run);

  Ledger ledger_;
  std::vector<bool> open_;
  std::set<std::string> notes_;
  int given_up_ = 0, tried_ = 0;  // of the first
};

}  // namespace gradus::sweep
