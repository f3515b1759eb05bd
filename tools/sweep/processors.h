// The processors that this process may use (fewer than the machine's under taskset or Slurm), given to runs.
#pragma once

#include <filesystem>
#include <map>
#include <vector>

#include "experiments/records/descriptor.h"

namespace gradus::sweep {

class Processors {
 public:
  Processors();
  // So many that no other run has, of this sweep or of another on this host that shares OUTPUT/.claims, where there are
  // locks; none where there are not so many left.
  std::vector<int> take(int count, const std::filesystem::path& claims);
  void give_back(const std::vector<int>& processors);
  int size() const { return free_.empty() ? 1 : static_cast<int>(free_.size()); }  // of those that are free

 private:
  std::vector<int> free_;
  std::map<int, records::Descriptor> taken_;  // with the lock that tells the others
};

}  // namespace gradus::sweep
