// Which runs are compared with which: runs that are equal in all options but those that a mean is over are one setting,
// and settings that are equal in the options `per` are compared. Forks of another stage's runs are told apart by the
// step and what they have of their parents, not by which of these they come from.
#pragma once

#include <string>
#include <vector>

#include "tools/sweep/combinations.h"

namespace gradus::sweep {

struct Contest {
  std::vector<Choice> per;
  std::vector<std::vector<std::size_t>> settings;  // numbers of combinations, in the order of the first of each
};

// `rule` begins messages. Throws UsageError where a combination has no option of `per`.
std::vector<Contest> contests_of(const char* rule, const std::vector<std::string>& per,
                                 const std::vector<std::string>& over, const std::vector<Combination>& combinations);

// What tells the setting of a combination: its choices and what it has inherited, but for `over`, and for the parent
// that it is a fork of.
std::vector<Choice> setting_of(const Combination& combination, const std::vector<std::string>& over);

// `optimizer=adam` for each choice.
std::vector<std::string> texts_of(const std::vector<Choice>& choices);

}  // namespace gradus::sweep
