// Runs that become known only while others end.
#pragma once

#include <vector>

#include "tools/sweep/planner.h"

namespace gradus::sweep {

class Feeder {
 public:
  virtual ~Feeder() = default;
  // What is to be done besides. `rows` are those of all steps so far, in the order in which they were given. Called
  // before the first run and after each end. The combinations must outlive the runner. May throw std::runtime_error:
  // then no more will come.
  virtual std::vector<Step> more(const std::vector<RunRow>& rows) = 0;
};

}  // namespace gradus::sweep
