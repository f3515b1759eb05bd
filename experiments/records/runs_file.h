// All runs of a sweep in one HDF5 file: facts along the dimension `run`, and a group for each table with its columns
// along `run` and the table's index, padded with NaN.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "experiments/records/run_fact.h"
#include "experiments/records/table_survey.h"

namespace gradus::records {

class RunsFile {
 public:
  // They outlive it. Throws std::runtime_error with the target, as do the others.
  RunsFile(const std::filesystem::path& target, const std::string& program, const std::vector<RunFact>& facts,
           const Survey& survey);
  ~RunsFile();
  // Of each run, in their order.
  void add(std::vector<MetricTable> tables);
  void keep();

 private:
  class Contents;
  std::unique_ptr<Contents> contents_;
};

}  // namespace gradus::records
