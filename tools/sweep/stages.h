// What the stages of a specification know of one another: a value may be an earlier stage's.
//
//   learning_rate = "{tune}"   the value that the winner of the stage tune had (select); without it where the winner
//                              has no such option
//   fork = "{trunk}@2000"      the program goes on from step 2000 of a run of the stage trunk. Of its runs those that
//                              agree with the written options, as far as any of them has such a value: what none has is
//                              what the fork changes. Options that are not written are the parent's.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "tools/sweep/combinations.h"
#include "tools/sweep/widening.h"

namespace gradus::sweep {

class Stages {
 public:
  // Throws UsageError for a reference to what is no earlier stage, or has no such value.
  Stages(const Specification& specification, std::filesystem::path output);

  std::size_t count() const { return specification_.stages.size(); }
  const Stage& at(std::size_t stage) const { return specification_.stages[stage]; }
  // Whether its combinations are known only when others have run.
  bool builds_on_others(std::size_t stage) const { return known_[stage].refers; }

  // What can be said of its combinations before anything has run: with the first settings for winners, and what forks
  // inherit instead of the fork.
  std::vector<Combination> provisional(std::size_t stage) const;
  // That as the program has answered to it; it serves the stages after.
  void presume(std::size_t stage, std::vector<Combination> combinations);

  // Its combinations, when all the stages before have been concluded.
  std::vector<Combination> resolved(std::size_t stage) const;
  // Takes the combinations as they have run, and returns what is to be said of the winners, a line for each. Throws
  // std::runtime_error where none can be chosen.
  std::vector<std::string> conclude(std::size_t stage, std::vector<Combination> combinations,
                                    const std::vector<RunRow>& rows);
  // Of a stage that is concluded, what is to be run too because a winner lies at the border of its space.
  std::vector<Combination> beyond(std::size_t stage);
  // Why, a line for each.
  const std::vector<std::string>& widened(std::size_t stage) const { return known_[stage].widening.lines(); }
  // OUTPUT/stages.json: the winners so far. Throws records::SystemError.
  void write(const std::string& program) const;

 private:
  struct Known {
    bool refers = false;
    std::set<std::int64_t> forked_at;       // steps at which later stages fork from it
    std::vector<Combination> combinations;  // presumed, or as they have run
    std::vector<std::string> folders;       // of those that have run
    std::vector<std::string> statuses;      // theirs
    Choosing choosing;
    Widening widening;
    std::size_t written = 0;  // of the combinations: the others reach beyond them
  };
  std::size_t earlier(const std::string& name, std::size_t stage, const std::string& option) const;
  void check_reference(std::size_t stage, const std::string& option, const std::string& text);
  std::vector<Combination> resolve(std::size_t stage, const std::vector<Combination>& written) const;
  bool can_be_forked(const Known& trunk, std::size_t run, std::int64_t step) const;
  void take_winners(std::size_t stage, Combination& combination) const;
  void keep_states(std::size_t stage, Combination& combination) const;
  std::vector<Combination> forks_of(std::size_t stage, const Combination& combination) const;

  const Specification& specification_;
  std::filesystem::path output_;
  std::vector<Known> known_;
};

}  // namespace gradus::sweep
