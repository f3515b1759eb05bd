// The tasks of job arrays that a sweep waits for, and what Slurm says of them.
#pragma once

#include <chrono>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tools/sweep/slurm/job_arrays.h"
#include "tools/sweep/slurm/slurm.h"

namespace gradus::sweep {

struct WaitedTask {
  std::string array;
  int number = 0;
  std::vector<std::size_t> runs;  // steps of the plan, as long as it is not known what has come of them
  std::string state = {};         // as Slurm told it last; empty where it has not been in the queue yet
  // It may have run: it was seen to, or Slurm holds it back, as it does with what went wrong.
  bool has_begun = false;
  std::optional<std::chrono::steady_clock::time_point> gone = {};  // since when it is in the queue no more
  std::string ending = {};  // the state in which it ended, where Slurm remembers it
  // Slurm knows its array, and nothing of it: it was cancelled before it began.
  bool taken_out = false;
  bool is_asked_about = false;  // Slurm has told the two above since it has gone
  bool runs_now() const { return !gone && !state.empty() && state != "PENDING"; }
};

class WaitedTasks {
 public:
  explicit WaitedTasks(JobArrays& arrays) : arrays_(arrays) {}

  std::list<WaitedTask>& all() { return tasks_; }
  bool empty() const { return tasks_.empty(); }
  int running() const;
  // How many of them are in the queue, as far as is known.
  int queued() const;

  void add(const JobArray& array, int number, std::vector<std::size_t> runs);
  // Brings all up to what the queue holds. Throws as Slurm.
  void look(Slurm& slurm);
  // Whether it was there then.
  bool is_queued(const std::string& array, int number) const { return find(array, number) != nullptr; }
  // Tasks that no node could begin, and that Slurm holds back until somebody comes: taken out, to be submitted again.
  void take_out_unbegun(Slurm& slurm);
  // The queue may have tasks of other commands in the folder too: this is one. It is no waited one's concern.
  void is_others(const std::string& array, int number) { others_[array].insert(number); }
  enum class Whose { own, all };
  struct Removal {
    bool only_waiting = false;  // what runs stays
    Whose whose = Whose::own;
  };
  // Takes them out of the queue, until none is there, a minute at most.
  void take_out(Slurm& slurm, Signals& signals, Removal removal);
  // Tasks that wait for what they will not get without somebody: Slurm's reason for each.
  std::set<std::string> hindrances() const;
  // Arrays of which none is in the queue, nor waited for any more.
  std::vector<std::string> finished_arrays() const;
  // What is in the queue, in numbers of arrays (12): all, or what is not other commands', but for these arrays, which
  // may be single tasks (12_3).
  std::vector<std::string> jobs() const;
  std::vector<std::string> own_jobs(const std::set<std::string>& but = {}) const;

 private:
  const QueuedTasks* find(const std::string& array, int number) const;
  void ask_how_they_ended(Slurm& slurm, const std::set<std::string>& arrays);

  JobArrays& arrays_;
  std::list<WaitedTask> tasks_;
  std::map<std::string, std::vector<QueuedTasks>> queue_;  // by the array's name
  std::map<std::string, std::set<int>> others_;
};

}  // namespace gradus::sweep
