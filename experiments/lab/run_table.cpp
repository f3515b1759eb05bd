#include "experiments/lab/run_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

namespace gradus::lab {
namespace {

void check_name(const std::string& table, const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  const auto refuse = [&](const char* expected) {
    throw std::invalid_argument(fmt::format("table '{}': bad name '{}', expected {}", table, name, expected));
  };
  if (name.empty() || !std::all_of(name.begin(), name.end(), allowed)) refuse("letters, digits and '_'");
  if (name[0] >= '0' && name[0] <= '9') refuse("a letter or '_' in front: names become variables of those who read them");
}

}  // namespace

Table::Table(std::string name, std::vector<Column> columns, std::string index_name)
    : name_(std::move(name)),
      index_name_(index_name.empty() ? name_ : std::move(index_name)),
      columns_(std::move(columns)),
      values_(columns_.size()) {
  check_name(name_, name_);
  check_name(name_, index_name_);
  std::set<std::string> seen{index_name_};
  for (const Column& column : columns_) {
    check_name(name_, column.name);
    if (column.name == index_name_)
      throw std::invalid_argument(
          fmt::format("table '{}': column '{}' has the name of the table's index; choose another", name_, column.name));
    if (!seen.insert(column.name).second)
      throw std::invalid_argument(fmt::format("table '{}': column '{}' is given twice", name_, column.name));
    if (column.length < 1 || (column.axis.empty() && column.length != 1))
      throw std::invalid_argument(
          fmt::format("table '{}': column '{}' has vectors of {} numbers", name_, column.name, column.length));
    if (!column.axis.empty()) check_name(name_, column.axis);
    width_ += column.length;
  }
  for (const Column& column : columns_) {
    if (column.axis.empty()) continue;
    if (seen.contains(column.axis))
      throw std::invalid_argument(fmt::format("table '{}': axis '{}' of column '{}' has the name of {}", name_,
                                              column.axis, column.name,
                                              column.axis == index_name_ ? "the table's index" : "a column"));
    for (const Column& other : columns_)
      if (other.axis == column.axis && other.length != column.length)
        throw std::invalid_argument(fmt::format("table '{}': axis '{}' has length {} in column '{}' and {} in '{}'",
                                                name_, column.axis, column.length, column.name, other.length,
                                                other.name));
  }
}

void Table::append(std::int64_t index, std::span<const double> values) {
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

}  // namespace gradus::lab
