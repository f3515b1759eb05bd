// Runs that become known only while others end.
#pragma once

#include <vector>

#include "tools/sweep/meanwhile.h"
#include "tools/sweep/planner.h"

namespace gradus::sweep {

class Feeder {
 public:
  virtual ~Feeder() = default;
  // What is to be done besides; empty: nothing now. Called until then, before the first run and after each end. `rows`
  // are those of all steps so far, in the order in which they were given. Where it waits for somebody, it does so by
  // `meanwhile`, in which rows may change, but none is added. The combinations must outlive the runner. After an
  // exception no more will come.
  virtual std::vector<Step> more(const std::vector<RunRow>& rows, const Meanwhile& meanwhile) = 0;
};

}  // namespace gradus::sweep
