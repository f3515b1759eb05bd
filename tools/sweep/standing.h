// How a sweep stands: what of its folder is at work, and how many of its runs have which status.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "tools/sweep/claim.h"

namespace gradus::sweep {

struct Standing {
  std::map<std::string, std::map<std::string, int>> counts;  // by stage and status
  std::map<std::string, Busy> owners;
  bool at_work = false;
  int count(const std::string& status) const {
    int sum = 0;
    for (const auto& [stage, by_status] : counts)
      if (const auto found = by_status.find(status); found != by_status.end()) sum += found->second;
    return sum;
  }
};

// Throws UsageError where no sweep is, records::SystemError where the folder cannot be read now.
Standing standing_of(const std::filesystem::path& output);
// Tasks in Slurm's queue, by their state; what is not known is said.
std::map<std::string, int> queue_of(const std::filesystem::path& output);

// "3 runs: 2 completed, 1 failed"
std::string line_of(const std::map<std::string, int>& by_status);
void print(const Standing& standing, const std::map<std::string, int>& queued = {});
int exit_code_of(const Standing& standing);

}  // namespace gradus::sweep
