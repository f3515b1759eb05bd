// Which tables the runs of a sweep have logged, taken together: what their columns are, and where rows of theirs go.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "experiments/records/run_table.h"

namespace gradus::records {

class SurveyedTable {
 public:
  explicit SurveyedTable(const MetricTable& first);

  // Throws std::runtime_error for a column that is along another axis than in an earlier run.
  void add(const MetricTable& table);
  // Of all runs: how their rows lie beside one another is decided.
  void settle();

  const std::string& name() const { return name_; }
  const Index& index() const { return index_; }
  // In the order in which runs had them first, each as long as the longest.
  const std::vector<Column>& columns() const { return columns_; }
  const Column* find(const std::string& column) const;
  // Rows of equal index stand side by side. Otherwise they are counted: the index of a run does not rise, or runs have
  // so few in common that most places would be empty.
  bool is_aligned() const { return is_aligned_; }
  std::size_t places() const { return is_aligned_ ? indexes_.size() : longest_; }
  // Of all runs, each once, where they are aligned.
  const std::vector<std::int64_t>& indexes() const { return indexes_; }
  // Where the rows of a run go; no_place for one that was not there when the run was added.
  std::vector<std::size_t> places_of(const MetricTable& table) const;
  static constexpr std::size_t no_place = SIZE_MAX;
  // Of the longest run.
  std::size_t numbers() const;

 private:
  void add_column(const Column& column);

  std::string name_;
  Index index_;
  std::vector<Column> columns_;
  std::map<std::string, std::int64_t> lengths_;  // of axes
  std::vector<std::int64_t> indexes_;
  std::size_t longest_ = 0;
  bool is_aligned_ = true;
};

class Survey {
 public:
  // Of these tables alone; of all without any.
  explicit Survey(std::vector<std::string> wanted) : wanted_(std::move(wanted)) {}

  // Throws std::runtime_error as SurveyedTable::add.
  void add(const std::vector<MetricTable>& tables);
  // Throws UsageError for a table that was wanted and that no run has.
  void settle();

  const std::vector<SurveyedTable>& tables() const { return tables_; }

 private:
  std::vector<std::string> wanted_;
  std::vector<std::string> seen_;  // tables that are not wanted included
  std::vector<SurveyedTable> tables_;
};

// A run's table of that name; null where it has none.
const MetricTable* find_table(const std::vector<MetricTable>& tables, const std::string& name);

}  // namespace gradus::records
