// What has come of a sweep's runs so far, and who is told: the table, the terminal, and in the end the caller.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "tools/sweep/job.h"
#include "tools/sweep/planner.h"
#include "tools/sweep/progress.h"

namespace gradus::sweep {

// Of a run that has no result yet and can go on.
struct Suspension {
  enum class How { interrupted, stopped };  // by the sweep; by itself (code 75)
  How how = How::interrupted;
  std::optional<std::int64_t> step = {};  // from which it goes on; none: from its beginning
};

struct Outcome {
  Counts counts;
  std::vector<Step> steps;              // the plan's, then those that the feeder gave
  std::vector<RunRow> runs;             // theirs, in their order
  std::vector<std::size_t> left_alone;  // which of them, with the reason in the row
  std::map<std::size_t, Suspension> suspended = {};
  std::vector<std::string> notes;     // lines for the user: nothing is wrong
  std::vector<std::string> problems;  // what went wrong besides runs that failed: lines for the user
  bool interrupted = false;           // SIGINT, SIGTERM, SIGHUP or SIGUSR1; what was under way is pending
};

class Ledger {
 public:
  // Both are to outlive it.
  Ledger(const Job& job, const SweepPlan& plan);

  // Returns its number. What needs no run is counted as what it is.
  std::size_t add(const Step& step);
  const Step& step(std::size_t run) const { return steps_[run]; }
  std::vector<RunRow>& rows() { return rows_; }
  Counts& counts() { return counts_; }
  // No more is to begin: too many runs have failed, or one that completed has not logged what winners are chosen by.
  bool begins_no_more() const { return too_many_failed() || !obstacle_.empty(); }
  // Nothing more is to begin, for this reason.
  void obstruct(std::string reason) { obstacle_ = std::move(reason); }
  bool is_obstructed() const { return !obstacle_.empty(); }

  // A result: with the program's exit code, or without one that another sweep has made.
  void finished(std::size_t run, const RunRecord& record, std::optional<int> exit_code);
  void failed(std::size_t run, int exit_code, const std::string& reason);
  // Untouched: it cannot be read or started now, or somebody writes into it.
  void left_alone(std::size_t run, const std::string& reason);
  // Pending; it may have a checkpoint in this folder.
  void suspended(std::size_t run, Suspension::How how, const std::filesystem::path& folder);
  // So many are not begun since begins_no_more(), of which some have been tried before.
  void given_up(int runs, int tried);

  void say(const std::string& line) { progress_.note(line); }  // on the terminal
  void warn(const std::string& line);                          // at once, wherever errors go
  void note(std::string line);                                 // and in the end
  void problem(std::string line) { problems_.push_back(std::move(line)); }

  void show(int running);
  // Throws records::SystemError.
  void write_table();
  void save_now_and_then();
  // The last word; nothing is to be told any more.
  Outcome outcome(bool interrupted);

 private:
  using Clock = std::chrono::steady_clock;
  void save();
  bool too_many_failed() const { return job_.limits.most_failures && counts_.failed >= *job_.limits.most_failures; }
  void check_column(const RunRow& row);

  const Job& job_;
  std::deque<Step> steps_;
  std::vector<RunRow> rows_;             // of the steps
  const std::vector<RunRow>& others_;    // of which some may be steps by now
  std::unordered_set<std::string> ids_;  // of the steps
  Counts counts_;
  std::vector<std::size_t> left_alone_;
  std::map<std::size_t, Suspension> suspended_;
  std::vector<std::string> notes_, problems_;
  const Table* found_table_;  // in the folder
  bool has_written_ = false;  // another one
  std::string table_problem_, obstacle_;
  bool has_column_ = false;  // that winners are chosen by
  Progress progress_;
  Clock::time_point next_save_ = Clock::now();
};

}  // namespace gradus::sweep
