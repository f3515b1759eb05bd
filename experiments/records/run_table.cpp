#include "experiments/records/run_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>

#include "experiments/records/text.h"

namespace gradus::records {
namespace {

void check_name(const std::string& table, const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  const auto refuse = [&](const char* expected) {
    throw std::invalid_argument(fmt::format("table '{}': bad name '{}', expected {}", table, name, expected));
  };
  if (name.empty() || !std::all_of(name.begin(), name.end(), allowed)) refuse("letters, digits and '_'");
  if (name[0] >= '0' && name[0] <= '9')
    refuse("a letter or '_' in front: names become variables of those who read them");
}

void check_text(const std::string& table, const Column& column, const std::string& text) {
  if (!is_utf8(text) || text.find('\0') != std::string::npos)
    throw std::invalid_argument(
        fmt::format("table '{}': column '{}': '{}' is not UTF-8 without NUL", table, column.name, text));
}

}  // namespace

MetricTable::MetricTable(std::string name, std::vector<Column> columns, std::string index_name)
    : name_(std::move(name)),
      index_name_(index_name.empty() ? name_ : std::move(index_name)),
      columns_(std::move(columns)),
      values_(columns_.size()) {
  check_name(name_, name_);
  check_name(name_, index_name_);
  std::set<std::string> seen;
  std::map<std::string, const Column*> axes;
  for (const Column& column : columns_) {
    check_name(name_, column.name);
    check_text(name_, column, column.units);
    check_text(name_, column, column.long_name);
    if (column.name == index_name_)
      throw std::invalid_argument(
          fmt::format("table '{}': column '{}' has the name of the table's index; choose another", name_, column.name));
    if (!seen.insert(column.name).second)
      throw std::invalid_argument(fmt::format("table '{}': column '{}' is given twice", name_, column.name));
    if (column.length < 1 || (column.axis.empty() && column.length != 1))
      throw std::invalid_argument(
          fmt::format("table '{}': column '{}' has vectors of {} numbers", name_, column.name, column.length));
    if (column.length > most_numbers - width_)
      throw std::invalid_argument(
          fmt::format("table '{}': more than {} numbers in a row, with column '{}'", name_, most_numbers, column.name));
    width_ += column.length;
    if (column.axis.empty()) continue;
    check_name(name_, column.axis);
    const auto [known, is_new] = axes.try_emplace(column.axis, &column);
    if (!is_new && known->second->length != column.length)
      throw std::invalid_argument(fmt::format("table '{}': axis '{}' has length {} in column '{}' and {} in '{}'",
                                              name_, column.axis, known->second->length, known->second->name,
                                              column.length, column.name));
  }
  for (const auto& [axis, column] : axes)
    if (seen.contains(axis) || axis == index_name_)
      throw std::invalid_argument(fmt::format("table '{}': axis '{}' of column '{}' has the name of {}", name_, axis,
                                              column->name, axis == index_name_ ? "the table's index" : "a column"));
}

void MetricTable::append(std::int64_t index, std::span<const double> values) {
  if (std::cmp_not_equal(values.size(), width_))
    throw std::invalid_argument(fmt::format("table '{}': {} values for {} columns of {} in all", name_, values.size(),
                                            columns_.size(), width_));
  index_.push_back(index);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto part = values.first(static_cast<std::size_t>(columns_[i].length));
    values_[i].insert(values_[i].end(), part.begin(), part.end());
    values = values.subspan(part.size());
  }
}

}  // namespace gradus::records
