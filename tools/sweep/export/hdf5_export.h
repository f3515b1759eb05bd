// All runs in one HDF5 file: facts along the dimension `run`, and a group for each table with its columns along `run` and
// the table's index, padded with NaN.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "experiments/records/files.h"
#include "experiments/records/hdf5.h"
#include "tools/sweep/export/run_facts.h"
#include "tools/sweep/export/survey.h"

namespace gradus::sweep {

// The columns of a table.
class TableGrids {
 public:
  // `runs` is the scale of that dimension; so many runs are written at a time. The table outlives it.
  TableGrids(records::h5::Node& root, const std::string& group, const SurveyedTable& table,
             const records::h5::Array& runs, std::size_t block);
  // Of the runs from `first` on.
  void write(std::size_t first, const std::vector<std::vector<records::MetricTable>>& runs);

 private:
  const SurveyedTable* table_;
  std::vector<records::h5::Grid> columns_;
  std::vector<records::h5::Grid> index_;  // one where rows are counted, otherwise none
};

class Hdf5Export {
 public:
  // They outlive it. Throws std::runtime_error with the target, as do the others.
  Hdf5Export(const std::filesystem::path& target, const std::string& program, const std::vector<RunFact>& facts,
             const Survey& survey);
  // Of each run, in their order.
  void add(std::vector<records::MetricTable> tables);
  void keep();

 private:
  void write_block();

  const std::size_t block_;
  records::NewFile place_;
  records::h5::File file_;
  std::vector<TableGrids> tables_;
  std::vector<std::vector<records::MetricTable>> waiting_;  // of the block that is being filled
  std::size_t written_ = 0;                                 // runs
};

}  // namespace gradus::sweep
