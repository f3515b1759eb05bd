// How a sweep stands, for every word that tells it: what is at work in its folder, and each run's status.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tools/sweep/claim.h"
#include "tools/sweep/inventory.h"

namespace gradus::sweep {

// A sweep works in the folder, or a program of one. Where there are no locks, that is told by the claims' heartbeats.
bool is_at_work(const std::filesystem::path& output);

struct Standing {
  Inventory inventory;
  std::vector<RunRow> runs;            // the inventory's, then what is only planned; "running" is a status here
  std::map<std::string, Busy> owners;  // who works on which run
  bool at_work = false;
  std::vector<std::string> stages_to_come = {};  // while nobody is at work: of a study that was asked for

  std::map<std::string, int> counts() const;  // by status
  // 1 where a run has failed, is damaged or cannot be told about; 75 where one has no result yet, a sweep may add
  // some, or a stage is to come; otherwise 0.
  int exit_code() const;
};

// Runs that wait at a rung are pruned where the rule of their stage says so, also without the table. Throws UsageError
// where no sweep is, records::SystemError where the folder cannot be read now.
Standing standing_of(const std::filesystem::path& output);

// Tasks in Slurm's queue, by their state; what is not known is said.
std::map<std::string, int> queue_of(const std::filesystem::path& output);

// "3 runs: 2 completed, 1 failed"
std::string line_of(const std::map<std::string, int>& by_status);
// A line for each stage, each run that somebody works on, and each state of Slurm's.
void print(const Standing& standing, const std::map<std::string, int>& queued = {});

}  // namespace gradus::sweep
