#include "tools/sweep/metric_choice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "experiments/records/completion.h"
#include "experiments/records/sealed.h"
#include "settings/parse.h"
#include "tools/sweep/integrity/finding.h"
#include "tools/sweep/recorded_log.h"

namespace gradus::sweep {
namespace {

using records::Better;
using records::MetricTable;

// The table that a run's file would open with (records/run_file.cpp).
const MetricTable* default_table(const records::LogContents& contents) {
  const std::string chosen = records::text_member(contents.attributes, "default");
  const MetricTable* found = nullptr;
  for (const MetricTable& table : contents.tables) {
    if (table.name() == chosen) return &table;
    const auto judged = [](const records::Column& column) { return column.better != Better::neither; };
    if (std::any_of(table.columns().begin(), table.columns().end(), judged)) found = &table;
  }
  return found;
}

// Those that runs can be compared by.
std::string comparable_columns(const records::LogContents& contents) {
  std::vector<std::string> names;
  for (const MetricTable& table : contents.tables)
    for (const records::Column& column : table.columns())
      if (column.better != Better::neither && column.axis.empty()) names.push_back(table.name() + "/" + column.name);
  return names.empty() ? "there is none" : fmt::format("there are {}", fmt::join(names, ", "));
}

std::int64_t steps_in(const records::LogContents& contents) {
  for (const MetricTable& table : contents.tables)
    if (table.name() == "step" && table.rows() > 0)
      return std::min(table.index().back(), std::numeric_limits<std::int64_t>::max() - 1) + 1;
  return 0;
}

// What is damaged is said as `sweep verify` says it.
records::LogContents read_log(const std::filesystem::path& folder, std::span<records::LogMark> marks) {
  try {
    return read_recorded_log(folder, marks);
  } catch (const records::Damaged& damage) {
    const std::string run = folder.filename().string();
    const std::filesystem::path output = folder.parent_path();
    const Finding finding{run + "/" + records::log_file, damage.what(), Remedy::remove_run, run};
    throw records::Damaged(fmt::format("{}; {}", finding.what, remedy_for(output, finding)));
  }
}

}  // namespace

std::optional<MetricChoice> parse_metric(std::string_view text) {
  MetricChoice metric;
  if (const std::size_t colon = text.find(':'); colon != text.npos) {
    metric.statistic = text.substr(colon + 1);
    text = text.substr(0, colon);
    if (const std::size_t equals = metric.statistic.find('='); equals != std::string::npos) {
      const auto target = settings::number_in<double>(std::string_view(metric.statistic).substr(equals + 1));
      metric.statistic.resize(equals);
      if (!metric.is_time() || !target || !std::isfinite(*target)) return std::nullopt;
      metric.target = *target;
    } else if (metric.is_time()) {
      return std::nullopt;
    }
  }
  const std::size_t slash = text.find('/');
  metric.table = slash == text.npos ? "" : text.substr(0, slash);
  metric.column = slash == text.npos ? text : text.substr(slash + 1);
  constexpr std::array<std::string_view, 4> statistics = {"last", "best", "mean", "time_to"};
  const bool is_known = std::find(statistics.begin(), statistics.end(), metric.statistic) != statistics.end();
  return metric.column.empty() || !is_known ? std::nullopt : std::optional(metric);
}

std::string MetricChoice::statistic_text() const {
  if (statistic == "last") return "";
  return is_time() ? fmt::format(":{}={}", statistic, target) : ":" + statistic;
}

MetricValues MetricReader::read(const std::filesystem::path& folder, std::span<records::LogMark> marks) {
  const std::filesystem::path log = folder / records::log_file;
  const records::LogContents contents = read_log(folder, marks);
  for (const MetricTable& table : contents.tables) {
    if (choice_.table.empty() ? &table != default_table(contents) : table.name() != choice_.table) continue;
    for (std::size_t i = 0; i < table.columns().size(); ++i) {
      const records::Column& column = table.columns()[i];
      if (column.name != choice_.column || !column.axis.empty()) continue;
      if (column.better == Better::neither)
        throw std::runtime_error(
            fmt::format("{}: {}/{} does not say which way is better: expected a column that does: {}", log.string(),
                        table.name(), column.name, comparable_columns(contents)));
      table_ = table.name();
      better_ = column.better;
      return {table.values(i), table.name(), steps_in(contents)};
    }
  }
  throw std::runtime_error(fmt::format("{}: no column {} of plain numbers, expected the one to {} by: {}", log.string(),
                                       name(), purpose_, comparable_columns(contents)));
}

double statistic_of(std::span<const double> values, std::string_view statistic, Better better, double target) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  if (statistic == "last") return values.back();
  if (statistic == "time_to") {
    const auto there = [&](double value) { return better == Better::lower ? value <= target : value >= target; };
    const auto first = std::find_if(values.begin(), values.end(), there);
    if (first == values.end() && std::isnan(values.back())) return values.back();
    return static_cast<double>(first - values.begin());
  }
  double sum = 0, best = values.front();
  for (const double value : values) {
    sum += value;
    best = std::isnan(value) ? best : better == Better::lower ? std::fmin(best, value) : std::fmax(best, value);
  }
  return statistic == "mean" ? sum / static_cast<double>(values.size()) : best;
}

std::string MetricReader::name() const {
  const std::string& table = table_.empty() ? choice_.table : table_;
  return table.empty() ? choice_.column : table + "/" + choice_.column;
}

}  // namespace gradus::sweep
