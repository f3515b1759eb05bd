#include "tools/sweep/last_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <optional>
#include <set>

#include "experiments/records/completion.h"
#include "experiments/records/descriptor.h"
#include "experiments/records/program.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"
#include "tools/sweep/command.h"
#include "tools/sweep/metric_choice.h"
#include "tools/sweep/recorded_log.h"

namespace gradus::sweep {
namespace {

struct Wanted {
  MetricChoice metric;
  bool found = false;  // in some log, with or without rows
};

std::vector<Wanted> wanted_of(const std::vector<std::string>& columns) {
  std::vector<Wanted> wanted;
  for (const std::string& name : columns) {
    const auto metric = parse_metric(name);
    if (!metric || metric->table.empty())
      throw records::UsageError(
          fmt::format("--show: '{}' is no column: expected TABLE/COLUMN[:last|best|mean|time_to=TARGET]",
                      records::printable(name)));
    wanted.push_back({*metric});
  }
  return wanted;
}

std::string text_of(double value) { return std::isnan(value) ? "nan" : fmt::format("{:.6g}", value); }

// The statistic of a table that has such a column; without one where it has no rows yet.
std::string shown_of(const records::MetricTable& table, Wanted& wanted) {
  const MetricChoice& metric = wanted.metric;
  if (metric.column == table.index_column().name && metric.statistic == "last") {
    wanted.found = true;
    return table.rows() > 0 ? fmt::format("{}", table.index().back()) : "-";
  }
  for (std::size_t i = 0; i < table.columns().size(); ++i) {
    const records::Column& column = table.columns()[i];
    if (column.name != metric.column) continue;
    if (!column.axis.empty())
      throw records::UsageError(fmt::format("--show: {}/{} has {} numbers a row: expected a column of plain numbers",
                                            metric.table, metric.column, column.length));
    if (column.better == records::Better::neither && (metric.statistic == "best" || metric.is_time()))
      throw records::UsageError(
          fmt::format("--show: {}/{}{}: the column does not say which way is better: expected "
                      ":last or :mean",
                      metric.table, metric.column, metric.statistic_text()));
    wanted.found = true;
    if (table.rows() == 0) return "-";
    const std::vector<double> values = table.values(i);
    const double value = statistic_of(values, metric.statistic, column.better, metric.target);
    const bool is_late = metric.is_time() && value >= static_cast<double>(values.size());
    return is_late ? fmt::format(">={}", values.size()) : text_of(value);
  }
  return "-";
}

void add_names(const records::MetricTable& table, std::set<std::string>& names) {
  names.insert(table.name() + "/" + table.index_column().name);
  for (const records::Column& column : table.columns())
    if (column.axis.empty()) names.insert(table.name() + "/" + column.name);
}

}  // namespace

LastValues::LastValues(const std::filesystem::path& output, const std::vector<RunRow>& runs,
                       const std::vector<std::string>& columns) {
  std::vector<Wanted> wanted = wanted_of(columns);
  std::set<std::string> known;
  std::vector<std::string> problems;
  const auto leave_out = [&](const std::exception& problem) {
    problems.push_back(fmt::format("{}; its values are left out (sweep verify tells more)", problem.what()));
  };
  for (const RunRow& run : runs) {
    std::vector<std::string>& values = values_[run.id];
    values.assign(columns.size(), "-");
    if (columns.empty()) continue;
    try {
      const records::LogContents contents = read_recorded_log(output / run.id);
      for (const records::MetricTable& table : contents.tables) {
        add_names(table, known);
        for (std::size_t i = 0; i < wanted.size(); ++i)
          if (wanted[i].metric.table == table.name()) values[i] = shown_of(table, wanted[i]);
      }
    } catch (const records::SystemError& error) {
      if (error.code != ENOENT && error.code != ENOTDIR) leave_out(error);
    } catch (const records::Damaged& damage) {
      leave_out(damage);
    } catch (const records::OtherSchema& other) {
      leave_out(other);
    }
  }
  complain_of_some("", problems);
  for (const Wanted& one : wanted)
    if (!one.found && !known.empty())
      throw records::UsageError(fmt::format("--show: no run has logged {}/{}{}: expected one of {}",
                                            records::printable(one.metric.table), records::printable(one.metric.column),
                                            one.metric.statistic_text(), fmt::join(known, ", ")));
}

}  // namespace gradus::sweep
