// The processors that this process may use (fewer than the machine's under taskset or Slurm), given to runs.
#pragma once

#include <vector>

namespace gradus::sweep {

class Processors {
 public:
  Processors();
  // So many that no other has; fewer, or none, where there are not so many left.
  std::vector<int> take(int count);
  void give_back(const std::vector<int>& processors);
  int size() const { return free_.empty() ? 1 : static_cast<int>(free_.size()); }  // of those that are free

 private:
  std::vector<int> free_;
};

}  // namespace gradus::sweep
