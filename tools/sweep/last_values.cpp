#include "tools/sweep/last_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>

#include "experiments/records/completion.h"
#include "experiments/records/descriptor.h"
#include "experiments/records/program.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"
#include "tools/sweep/command.h"
#include "tools/sweep/recorded_log.h"

namespace gradus::sweep {
namespace {

struct Wanted {
  std::string table, column;
  bool found = false;  // in some log, with or without rows
};

std::vector<Wanted> wanted_of(const std::vector<std::string>& columns) {
  std::vector<Wanted> wanted;
  for (const std::string& name : columns) {
    const std::size_t slash = name.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == name.size())
      throw records::UsageError(fmt::format("--show: '{}' is no column: expected TABLE/COLUMN", name));
    wanted.push_back({name.substr(0, slash), name.substr(slash + 1)});
  }
  return wanted;
}

// The last value in a table that has such a column; without a value where it has no rows yet.
std::string last_value(const records::MetricTable& table, Wanted& wanted) {
  if (wanted.column == table.index_column().name) {
    wanted.found = true;
    return table.rows() > 0 ? fmt::format("{}", table.index().back()) : "-";
  }
  for (std::size_t i = 0; i < table.columns().size(); ++i) {
    const records::Column& column = table.columns()[i];
    if (column.name != wanted.column) continue;
    if (!column.axis.empty())
      throw records::UsageError(fmt::format("--show: {}/{} has {} numbers a row: expected a column of plain numbers",
                                            wanted.table, wanted.column, column.length));
    wanted.found = true;
    return table.rows() > 0 ? fmt::format("{:.6g}", table.values(i).back()) : "-";
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
          if (wanted[i].table == table.name()) values[i] = last_value(table, wanted[i]);
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
      throw records::UsageError(fmt::format("--show: no run has logged {}/{}: expected one of {}",
                                            records::printable(one.table), records::printable(one.column),
                                            fmt::join(known, ", ")));
}

}  // namespace gradus::sweep
