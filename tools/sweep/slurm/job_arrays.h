// Which job arrays a sweep has given to Slurm, kept in its folder: whoever repeats the command finds them again.
//
// OUTPUT/.slurm/jobs.json, sealed      the arrays that may be in the queue
// OUTPUT/.slurm/ARRAY/asked.json       what its tasks are asked (asked.h)
// OUTPUT/.slurm/ARRAY/N.json           the plan of the N-th task: its runs (planned.h)
// OUTPUT/.slurm/ARRAY/N.log            what it said
// OUTPUT/.slurm/ARRAY/N.left           sealed: which of its runs it has left without a result, and why (task_end.h)
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "experiments/records/descriptor.h"

namespace gradus::sweep {

struct JobArray {
  std::string name;      // its own, for ever: by it the queue is asked
  std::int64_t job = 0;  // Slurm's number; 0 as long as it is not known whether Slurm has it
  std::string build;     // of the program that it runs
  std::vector<std::vector<std::string>> tasks = {};  // the runs of each
};

class JobArrays {
 public:
  // Those of the folder; a jobs.json that is damaged counts for none. Throws std::runtime_error where another sweep
  // hands runs of this folder to Slurm now, and records::SystemError.
  explicit JobArrays(const std::filesystem::path& output);

  // Of a folder in which somebody else may be at work.
  static std::vector<JobArray> read(const std::filesystem::path& output);

  std::vector<JobArray>& all() { return arrays_; }
  JobArray& at(const std::string& name);
  std::filesystem::path folder(const std::string& name) const { return folder_ / name; }
  // With a name and a folder of its own, not written yet.
  JobArray& add();
  // Its folder goes too.
  void remove(const std::string& name);
  void write() const;

 private:
  std::filesystem::path folder_;
  records::Descriptor lock_;
  std::vector<JobArray> arrays_;
};

// OUTPUT/.slurm/ARRAY.
std::filesystem::path folder_of_array(const std::filesystem::path& output, const std::string& array);
// Where task number N of the array in this folder has its plan, its log and what it has left.
std::filesystem::path plan_of_task(const std::filesystem::path& array, int task);
std::filesystem::path log_of_task(const std::filesystem::path& array, int task);
std::filesystem::path left_by_task(const std::filesystem::path& array, int task);

// Whether any may still be in the queue; true too where that cannot be read.
bool has_job_arrays(const std::filesystem::path& output);

}  // namespace gradus::sweep
