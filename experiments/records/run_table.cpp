#include "experiments/records/run_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <string_view>
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

void check_text(const std::string& table, const std::string& column, const std::string& text) {
  if (!is_utf8(text) || text.find('\0') != std::string::npos)
    throw std::invalid_argument(
        fmt::format("table '{}': column '{}': '{}' is not UTF-8 without NUL", table, column, text));
}

// One word each, as CF's flag_meanings has them.
void check_flags(const std::string& table, const Column& column) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-.+@").find(c) != std::string_view::npos;
  };
  for (const std::string& flag : column.flags)
    if (flag.empty() || !std::all_of(flag.begin(), flag.end(), allowed))
      throw std::invalid_argument(
          fmt::format("table '{}': column '{}': bad flag '{}', expected a word of letters, digits and any of '_-.+@'",
                      table, column.name, flag));
  if (column.draw == Draw::flags && column.flags.empty())
    throw std::invalid_argument(
        fmt::format("table '{}': column '{}' is to be drawn as flags and names none", table, column.name));
}

void check_texts(const std::string& table, const Column& column) {
  for (const std::string* text : {&column.units, &column.long_name, &column.axis_units, &column.axis_long_name})
    check_text(table, column.name, *text);
  for (const std::string& label : column.labels) check_text(table, column.name, label);
}

void check_vector(const std::string& table, const Column& column) {
  if (column.length < 1 || (column.axis.empty() && column.length != 1))
    throw std::invalid_argument(
        fmt::format("table '{}': column '{}' has vectors of {} numbers", table, column.name, column.length));
  if (!column.labels.empty() && (column.axis.empty() || std::cmp_not_equal(column.labels.size(), column.length)))
    throw std::invalid_argument(fmt::format("table '{}': column '{}' has {} labels for an axis of {}", table,
                                            column.name, column.labels.size(),
                                            column.axis.empty() ? 0 : column.length));
}

// What an axis says in its first column is what it says in all.
void check_same_axis(const std::string& table, const Column& first, const Column& column) {
  if (first.length != column.length)
    throw std::invalid_argument(fmt::format("table '{}': axis '{}' has length {} in column '{}' and {} in '{}'", table,
                                            column.axis, first.length, first.name, column.length, column.name));
  if (!column.labels.empty() && column.labels != first.labels)
    throw std::invalid_argument(fmt::format("table '{}': axis '{}' has other labels in column '{}' than in '{}'", table,
                                            column.axis, column.name, first.name));
}

}  // namespace

std::string label_name(const std::string& axis) { return axis + "_label"; }

MetricTable::MetricTable(std::string name, std::vector<Column> columns, Index index)
    : name_(std::move(name)), index_column_(std::move(index)), columns_(std::move(columns)), values_(columns_.size()) {
  if (index_column_.name.empty()) index_column_.name = name_;
  if (index_column_.long_name.empty()) index_column_.long_name = index_column_.name;
  check_name(name_, name_);
  check_name(name_, index_column_.name);
  check_text(name_, index_column_.name, index_column_.units);
  check_text(name_, index_column_.name, index_column_.long_name);
  std::set<std::string> seen{index_column_.name};
  std::map<std::string, const Column*> axes;
  for (Column& column : columns_) {
    check_name(name_, column.name);
    check_texts(name_, column);
    check_flags(name_, column);
    check_vector(name_, column);
    if (!column.flags.empty() && column.draw == Draw::line) column.draw = Draw::flags;
    if (column.name == index_column_.name)
      throw std::invalid_argument(
          fmt::format("table '{}': column '{}' has the name of the table's index; choose another", name_, column.name));
    if (!seen.insert(column.name).second)
      throw std::invalid_argument(fmt::format("table '{}': column '{}' is given twice", name_, column.name));
    if (column.length > most_numbers - width_)
      throw std::invalid_argument(
          fmt::format("table '{}': more than {} numbers in a row, with column '{}'", name_, most_numbers, column.name));
    width_ += column.length;
    if (column.axis.empty()) continue;
    check_name(name_, column.axis);
    const auto [known, is_new] = axes.try_emplace(column.axis, &column);
    if (!is_new) check_same_axis(name_, *known->second, column);
  }
  const auto refuse_taken = [&](const std::string& taken, const Column& column) {
    if (!seen.insert(taken).second)
      throw std::invalid_argument(fmt::format("table '{}': axis '{}' of column '{}' needs the name '{}', which {} has",
                                              name_, column.axis, column.name, taken,
                                              taken == index_column_.name ? "the table's index" : "a column"));
  };
  for (const auto& [axis, column] : axes) refuse_taken(axis, *column);
  for (const auto& [axis, column] : axes)
    if (!column->labels.empty()) refuse_taken(label_name(axis), *column);
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

void MetricTable::keep_first(std::int64_t count) {
  if (count < 0 || count > rows())
    throw std::invalid_argument(fmt::format("table '{}': {} rows, {} expected at least", name_, rows(), count));
  index_.resize(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < columns_.size(); ++i)
    values_[i].resize(static_cast<std::size_t>(count * columns_[i].length));
}

std::vector<double> MetricTable::row(std::int64_t i) const {
  std::vector<double> all;
  for (std::size_t column = 0; column < columns_.size(); ++column) {
    const std::int64_t length = columns_[column].length;
    const auto begin = values_[column].begin() + i * length;
    all.insert(all.end(), begin, begin + length);
  }
  return all;
}

}  // namespace gradus::records
