// Which of a stage's runs starts next, and how far it goes, where a rule stops weak settings early. All is read out of
// the runs' folders and claims: a sweep that was killed goes on with the same decisions, and sweeps that share a folder
// decide by what all of them have run.
//
// A run goes to its first rung and pauses there, with a checkpoint, until the rule promotes its setting to the next;
// from the last rung on it goes to its end. Nobody waits for a rung to be full. What is still paused when nothing is
// left to run has been stopped early.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tools/sweep/contests.h"
#include "tools/sweep/job.h"
#include "tools/sweep/planner.h"
#include "tools/sweep/promotion.h"
#include "tools/sweep/rung_reader.h"

namespace gradus::sweep {

class EarlyStopping {
 public:
  // Of the plan's steps, with its rivals, by the job's rule. Nothing more is expected of other sweeps when none has
  // been seen at work for `patience`. Throws as RungReader, here and in what looks at folders.
  EarlyStopping(const Job& job, const SweepPlan& plan, std::chrono::milliseconds patience);

  struct Go {
    std::size_t run;                      // number of the plan's step
    std::optional<std::int64_t> stop_at;  // none: to its end
  };
  // What is to start now. It is then in the caller's hands until one of the next three.
  std::optional<Go> next();
  void came_back(std::size_t run);  // paused, or with a result: its folder tells
  void is_taken(std::size_t run);   // another sweep works on it
  void gave_up(std::size_t run);    // it has failed or is left alone: its setting is not compared
  void begin_no_more() { begins_no_more_ = true; }

  // Nothing is in the caller's hands or, where it decides on all runs, in those of another sweep, and nothing goes on.
  bool is_settled();
  // Whether no run of the stage is a rival: what waits when it is settled has then been stopped early.
  bool decides_on_all() const { return known_.size() == mine_; }
  bool begins_more() const { return !begins_no_more_; }
  // The plan's steps that are paused, or have not begun.
  std::vector<std::size_t> waiting() const;
  bool has_begun(std::size_t run) const { return known_[run].rungs() > 0; }  // and come to a rung
  // Those of which another sweep has made the result, since this was asked last.
  std::set<std::size_t> ended_elsewhere() { return std::exchange(ended_elsewhere_, {}); }
  // "at step 250: evaluation/validation_loss 0.41"; empty where it has come to no rung.
  std::string account_of(std::size_t run) const;

 private:
  using Clock = std::chrono::steady_clock;
  enum class At { waiting, in_hand, elsewhere, ended, given_up, count };
  struct Known {
    const Step* step;
    At at = At::waiting;
    RungRecord record = {};
    std::string files = {};                          // what they were when they were read
    std::size_t contest = 0, setting = 0, turn = 0;  // of the contest's; the place in `order_`
    std::size_t rungs() const { return record.scores.size(); }
  };

  // A contest, and what follows from the runs of its settings: renewed for a setting of which a run has changed.
  struct Race {
    std::vector<std::vector<std::size_t>> settings;
    Ladder ladder = {};
    std::set<std::size_t> behind = {};     // settings with a run of ours that is to follow the others of it
    std::set<std::size_t> completed = {};  // all of whose runs have come to their end
  };

  void set(std::size_t run, At at);
  void read(std::size_t run);
  void renew(std::size_t run);
  void renew_setting(std::size_t contest, std::size_t setting);
  std::string files_of(const Known& run) const;
  void look();
  void look_again(int share);
  bool is_quiet();
  bool is_in_hand() const { return counts_[static_cast<std::size_t>(At::in_hand)] > 0; }
  std::size_t sent(const Known& run) const;
  Contender contender_of(const std::vector<std::size_t>& runs) const;
  std::optional<std::size_t> choose(bool is_last_word);
  std::optional<std::size_t> choose_in(const Race& race, bool is_last_word) const;
  std::optional<std::size_t> runnable(const std::vector<std::size_t>& runs, std::size_t to) const;

  const Job& job_;
  const StoppingRule& rule_;
  RungReader reader_;
  std::vector<Known> known_;  // the plan's steps, then their rivals
  const std::size_t mine_;
  const std::chrono::milliseconds patience_;
  std::vector<Race> races_;
  std::set<std::size_t> open_;      // those in which something may go on
  std::vector<std::size_t> order_;  // in which runs begin
  std::set<std::size_t> unbegun_;   // places in it
  std::array<std::size_t, static_cast<std::size_t>(At::count)> counts_ = {};
  std::set<std::size_t> ended_elsewhere_;
  bool begins_no_more_ = false;
  Clock::time_point next_look_, quiet_since_, looked_at_;  // the last: the beginning of a look
  Clock::duration look_time_ = {};
};

// The plan as it stands now: each step that would start with its `stop_at`, and the paused ones as Action::wait, with
// the status "pruned" where nothing could go on any more.
SweepPlan as_far_as_known(const Job& job, SweepPlan plan);

}  // namespace gradus::sweep
