// A table of measurements in memory: an integer index and named columns of numbers (column.h).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "experiments/records/column.h"

namespace gradus::records {

// Of the texts that name an axis' places.
std::string label_name(const std::string& axis);

class MetricTable {
 public:
  // The most numbers in a row.
  static constexpr std::int64_t most_numbers = 2'000'000;

  // Throws std::invalid_argument for names that are empty, taken by the index or another column, begin with a digit, or
  // hold anything but letters, digits and '_', for texts that are not UTF-8, for flags that are not words, labels that
  // are not as many as the axis has places, and for rows that are too long.
  MetricTable(std::string name, std::vector<Column> columns, Index index = {});

  // Throws std::invalid_argument if there is not one value for each column, or as many as a column of vectors has.
  void append(std::int64_t index, std::span<const double> values);
  // Forgets the rows after these. Throws std::invalid_argument if there are fewer.
  void keep_first(std::int64_t rows);
  // Row i, in the order of append().
  std::vector<double> row(std::int64_t i) const;

  const std::string& name() const { return name_; }
  // With all its texts.
  const Index& index_column() const { return index_column_; }
  const std::vector<Column>& columns() const { return columns_; }
  std::int64_t rows() const { return static_cast<std::int64_t>(index_.size()); }
  const std::vector<std::int64_t>& index() const { return index_; }
  // The numbers of a row.
  std::int64_t width() const { return width_; }
  // The values of column i, one for each row, or one vector after the other.
  const std::vector<double>& values(std::size_t i) const { return values_[i]; }

 private:
  std::string name_;
  Index index_column_;
  std::vector<Column> columns_;
  std::vector<std::int64_t> index_;
  std::vector<std::vector<double>> values_;
  std::int64_t width_ = 0;
};

class RunFolder;

// A table of a run. Lives as long as the run's folder.
class RunTable {
 public:
  RunTable(RunFolder& folder, MetricTable table);
  // One that the folder's log has already, under this number.
  RunTable(RunFolder& folder, MetricTable table, std::uint16_t number);
  // Values in the order of the columns; goes to memory and to the log, and now and then makes a snapshot. The index
  // rises from row to row: throws std::invalid_argument for one that does not, and as MetricTable::append.
  void append(std::int64_t index, std::span<const double> values);
  void append(std::int64_t index, std::initializer_list<double> values) {
    append(index, std::span(values.begin(), values.size()));
  }
  const MetricTable& contents() const { return table_; }
  std::int64_t rows() const { return table_.rows(); }

 private:
  RunFolder& folder_;
  MetricTable table_;
  std::uint16_t number_;
};

}  // namespace gradus::records
