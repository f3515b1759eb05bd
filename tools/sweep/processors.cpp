#include "tools/sweep/processors.h"

#include <sched.h>

#include <algorithm>

namespace gradus::sweep {

Processors::Processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return;
  for (int processor = 0; processor < CPU_SETSIZE; ++processor)
    if (CPU_ISSET(processor, &set)) free_.push_back(processor);
}

std::vector<int> Processors::take(int count) {
  const auto end = free_.begin() + std::min<std::ptrdiff_t>(count, static_cast<std::ptrdiff_t>(free_.size()));
  std::vector<int> taken(free_.begin(), end);
  free_.erase(free_.begin(), end);
  return taken;
}

void Processors::give_back(const std::vector<int>& processors) {
  free_.insert(free_.end(), processors.begin(), processors.end());
  std::sort(free_.begin(), free_.end());
}

}  // namespace gradus::sweep
