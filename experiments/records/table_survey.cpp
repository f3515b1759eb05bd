#include "experiments/records/table_survey.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "experiments/records/program.h"
#include "experiments/records/text.h"

namespace gradus::records {
namespace {

// Of places along the indexes of all runs to the rows of the longest run: with more, rows are counted.
constexpr std::size_t most_places_a_row = 4;
constexpr std::size_t few_rows = 1 << 16;  // as many as a later run may well have

bool rises(const std::vector<std::int64_t>& index) {
  return std::ranges::adjacent_find(index, std::greater_equal<>()) == index.end();
}

}  // namespace

SurveyedTable::SurveyedTable(const MetricTable& first) : name_(first.name()), index_(first.index_column()) {}

const Column* SurveyedTable::find(const std::string& column) const {
  const auto found = std::ranges::find(columns_, column, &Column::name);
  return found == columns_.end() ? nullptr : &*found;
}

void SurveyedTable::add_column(const Column& column) {
  if (!column.axis.empty()) {
    std::int64_t& length = lengths_[column.axis];
    length = std::max(length, column.length);
  }
  const auto known = std::ranges::find(columns_, column.name, &Column::name);
  if (known == columns_.end()) {
    columns_.push_back(column);
    return;
  }
  if (known->axis != column.axis)
    throw std::runtime_error(
        fmt::format("{}/{}: along {} in one run and along {} in another: expected the same in all; "
                    "--table exports other tables",
                    name_, column.name, known->axis.empty() ? "no axis" : known->axis,
                    column.axis.empty() ? "no axis" : column.axis));
  known->single_precision = known->single_precision && column.single_precision;
  if (known->labels != column.labels) known->labels.clear();
}

void SurveyedTable::add(const MetricTable& table) {
  for (const Column& column : table.columns()) add_column(column);
  const std::vector<std::int64_t>& index = table.index();
  longest_ = std::max(longest_, index.size());
  is_aligned_ = is_aligned_ && rises(index);
  if (!is_aligned_ || std::ranges::includes(indexes_, index)) return;
  std::vector<std::int64_t> all;
  std::ranges::set_union(indexes_, index, std::back_inserter(all));
  indexes_ = std::move(all);
  is_aligned_ = indexes_.size() <= most_places_a_row * std::max(longest_, few_rows);
}

void SurveyedTable::settle() {
  is_aligned_ = is_aligned_ && indexes_.size() <= most_places_a_row * std::max<std::size_t>(longest_, 1);
  if (!is_aligned_) indexes_.clear();
  for (Column& column : columns_) {
    if (column.axis.empty()) continue;
    column.length = lengths_.at(column.axis);
    if (std::cmp_not_equal(column.labels.size(), column.length)) column.labels.clear();
  }
}

std::vector<std::size_t> SurveyedTable::places_of(const MetricTable& table) const {
  std::vector<std::size_t> places;
  places.reserve(table.index().size());
  auto from = indexes_.begin();
  for (const std::int64_t index : table.index()) {
    if (!is_aligned_) {
      places.push_back(places.size() < longest_ ? places.size() : no_place);
      continue;
    }
    // Mostly the next one.
    if (from == indexes_.end() || *from != index) from = std::ranges::lower_bound(indexes_, index);
    const bool found = from != indexes_.end() && *from == index;
    places.push_back(found ? static_cast<std::size_t>(from - indexes_.begin()) : no_place);
    if (found) ++from;
  }
  return places;
}

std::size_t SurveyedTable::numbers() const {
  std::size_t width = 1;
  for (const Column& column : columns_) width += static_cast<std::size_t>(column.length);
  return width * places();
}

void Survey::add(const std::vector<MetricTable>& tables) {
  for (const MetricTable& table : tables) {
    if (std::ranges::find(seen_, table.name()) == seen_.end()) seen_.push_back(table.name());
    if (!wanted_.empty() && std::ranges::find(wanted_, table.name()) == wanted_.end()) continue;
    auto known = std::ranges::find(tables_, table.name(), &SurveyedTable::name);
    if (known == tables_.end()) known = tables_.emplace(tables_.end(), table);
    known->add(table);
  }
}

void Survey::settle() {
  for (const std::string& name : wanted_)
    if (std::ranges::find(seen_, name) == seen_.end())
      throw UsageError(fmt::format("--table: no run has logged a table {}: expected one of {}", printable(name),
                                   fmt::join(seen_, ", ")));
  for (SurveyedTable& table : tables_) table.settle();
}

const MetricTable* find_table(const std::vector<MetricTable>& tables, const std::string& name) {
  const auto found = std::ranges::find(tables, name, &MetricTable::name);
  return found == tables.end() ? nullptr : &*found;
}

}  // namespace gradus::records
