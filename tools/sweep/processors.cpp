#include "tools/sweep/processors.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/file.h>

#include <algorithm>

#include "experiments/records/files.h"
#include "tools/sweep/place.h"

namespace gradus::sweep {
namespace fs = std::filesystem;

Processors::Processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return;
  for (int processor = 0; processor < CPU_SETSIZE; ++processor)
    if (CPU_ISSET(processor, &set)) free_.push_back(processor);
}

std::vector<int> Processors::take(int count, const fs::path& claims) {
  std::vector<int> taken;
  for (auto processor = free_.begin(); processor != free_.end() && static_cast<int>(taken.size()) < count;) {
    const fs::path path =
        claims / fmt::format(".processor.{}.{}", place_of_processes()["host"].get<std::string>(), *processor);
    records::Descriptor file(path, O_RDWR | O_CREAT, 0644);
    if (records::try_lock(file.get(), path) == records::Lock::others) {
      ++processor;
      continue;
    }
    taken_.insert_or_assign(*processor, std::move(file));
    taken.push_back(*processor);
    processor = free_.erase(processor);
  }
  if (static_cast<int>(taken.size()) == count) return taken;
  give_back(taken);
  return {};
}

void Processors::give_back(const std::vector<int>& processors) {
  for (const int processor : processors)
    if (const auto taken = taken_.find(processor); taken != taken_.end()) {
      ::flock(taken->second.get(), LOCK_UN);  // a process that has just been forked has the file too
      taken_.erase(taken);
    }
  free_.insert(free_.end(), processors.begin(), processors.end());
  std::sort(free_.begin(), free_.end());
}

}  // namespace gradus::sweep
