// sweep diff: where two runs begin to differ.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/program.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"
#include "tools/sweep/recorded_log.h"
#include "tools/sweep/verb.h"

namespace gradus::sweep {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using records::MetricTable;

records::LogContents read_run(const fs::path& run) {
  std::error_code error;
  const fs::path folder = fs::is_directory(run, error) ? run : records::folder_of(run);
  const fs::path log = folder / records::log_file;
  if (!fs::exists(run, error) || !fs::exists(log, error))
    throw records::UsageError(
        fmt::format("diff: {}: expected a run's folder with {}", records::printable(run.string()), records::log_file));
  const auto read = [&] {
    try {
      return read_recorded_log(folder);
    } catch (const records::Damaged& damage) {  // code 1 says that runs differ
      throw records::UsageError(fmt::format("diff: {}", damage.what()));
    }
  };
  records::LogContents contents = read();
  if (contents.configuration.is_null())
    throw records::UsageError(
        fmt::format("diff: {}: does not tell its configuration: expected the log of a run", log.string()));
  return contents;
}

const MetricTable* find(const records::LogContents& contents, const std::string& name) {
  for (const MetricTable& table : contents.tables)
    if (table.name() == name) return &table;
  return nullptr;
}

void print_options(const json& a, const json& b) {
  const json first = a.value("options", json::object()), second = b.value("options", json::object());
  json names = first;
  names.update(second);
  for (const auto& [name, unused] : names.items()) {
    const auto text = [&name = name](const json& options) {
      return options.contains(name) ? records::json_text(options[name]) : std::string("not there");
    };
    if (text(first) != text(second))
      records::put(fmt::format("option {}: {} and {}\n", name, text(first), text(second)));
  }
}

bool same(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

// Columns that both have, by their places, and the names of those that one lacks.
struct Columns {
  std::vector<std::pair<std::size_t, std::size_t>> common;
  std::string missing;
};

Columns columns_of(const MetricTable& a, const MetricTable& b) {
  Columns columns;
  const auto place = [](const MetricTable& table, const records::Column& wanted) {
    const auto& all = table.columns();
    const auto found = std::find_if(all.begin(), all.end(), [&](const records::Column& column) {
      return column.name == wanted.name && column.length == wanted.length;
    });
    return static_cast<std::size_t>(found - all.begin());
  };
  for (std::size_t i = 0; i < a.columns().size(); ++i) {
    const std::size_t other = place(b, a.columns()[i]);
    if (other == b.columns().size())
      columns.missing += fmt::format(" {} (first)", a.columns()[i].name);
    else if (a.columns()[i].units != "s")
      columns.common.emplace_back(i, other);
  }
  for (const records::Column& column : b.columns())
    if (place(a, column) == a.columns().size()) columns.missing += fmt::format(" {} (second)", column.name);
  return columns;
}

// What is to be said of the first row that differs.
std::optional<std::string> first_difference(const MetricTable& a, const MetricTable& b, const Columns& columns) {
  const std::string& index = a.index_column().name;
  for (std::int64_t row = 0; row < std::min(a.rows(), b.rows()); ++row) {
    const auto place = static_cast<std::size_t>(row);
    if (a.index()[place] != b.index()[place])
      return fmt::format("row {} is of {} {} and {}", row, index, a.index()[place], b.index()[place]);
    for (const auto& [left, right] : columns.common) {
      const auto length = static_cast<std::size_t>(a.columns()[left].length);
      for (std::size_t i = place * length; i < (place + 1) * length; ++i) {
        const double x = a.values(left)[i], y = b.values(right)[i];
        if (same(x, y)) continue;
        return fmt::format("first differs at {} {}: {}{} is {:.17g} and {:.17g}", index, a.index()[place],
                           a.columns()[left].name, length > 1 ? fmt::format("[{}]", i - place * length) : "", x, y);
      }
    }
  }
  return std::nullopt;
}

bool compare(const MetricTable& a, const MetricTable& b) {
  const Columns columns = columns_of(a, b);
  bool equal = columns.missing.empty();
  if (!equal) records::put(fmt::format("{}: columns of one run alone:{}\n", a.name(), columns.missing));
  if (const auto difference = first_difference(a, b, columns)) {
    records::put(fmt::format("{}: {}\n", a.name(), *difference));
    equal = false;
  } else if (a.rows() == b.rows()) {
    records::put(fmt::format("{}: {} rows are equal\n", a.name(), a.rows()));
  }
  if (a.rows() != b.rows()) {
    records::put(fmt::format("{}: {} rows and {}{}\n", a.name(), a.rows(), b.rows(),
                             equal ? fmt::format(": the first {} are equal", std::min(a.rows(), b.rows())) : ""));
    equal = false;
  }
  return equal;
}

// A chained hash: where it is equal, everything before was.
void print_fingerprints(const MetricTable& a, const MetricTable& b) {
  const Columns columns = columns_of(a, b);
  std::optional<std::int64_t> equal_at;
  for (std::int64_t row = 0; row < std::min(a.rows(), b.rows()); ++row) {
    const auto place = static_cast<std::size_t>(row);
    const std::int64_t step = a.index()[place];
    if (step != b.index()[place]) break;
    const bool equal = std::all_of(columns.common.begin(), columns.common.end(), [&](const auto& pair) {
      return same(a.values(pair.first)[place], b.values(pair.second)[place]);
    });
    if (!equal) {
      records::put(equal_at ? fmt::format("theta is equal at step {} and differs at step {}\n", *equal_at, step)
                            : fmt::format("theta differs at step {}, the first that has a fingerprint\n", step));
      return;
    }
    equal_at = step;
  }
  if (equal_at)
    records::put(fmt::format("theta is equal at step {}, the last with a fingerprint in both\n", *equal_at));
}

// Prints the options in which two runs differ, the first step whose fingerprint differs, and of each table that both
// have the first row that differs in a bit of any column but times. A run is a folder or a file in it, finished or
// not. True if nothing but options and times differs. Throws UsageError for what has no log, records::SystemError.
bool print_difference(const fs::path& first, const fs::path& second) {
  constexpr const char* fingerprint = "fingerprint";
  const records::LogContents a = read_run(first), b = read_run(second);
  print_options(a.configuration, b.configuration);
  const MetricTable *left = find(a, fingerprint), *right = find(b, fingerprint);
  if (left != nullptr && right != nullptr) print_fingerprints(*left, *right);
  bool equal = true;
  for (const MetricTable& table : a.tables) {
    const MetricTable* other = find(b, table.name());
    if (other != nullptr)
      equal = compare(table, *other) && equal;
    else
      records::put(fmt::format("{}: only the first run has this table\n", table.name()));
    equal = equal && other != nullptr;
  }
  for (const MetricTable& table : b.tables) {
    if (find(a, table.name()) != nullptr) continue;
    records::put(fmt::format("{}: only the second run has this table\n", table.name()));
    equal = false;
  }
  records::put(equal ? "the runs are equal but for times\n" : "the runs differ\n");
  return equal;
}

}  // namespace

Verb diff_verb(CLI::App& app) {
  CLI::App* diff =
      app.add_subcommand("diff", "tell where two runs begin to differ: exit code 0 if nowhere, 1 if they do");
  auto first = std::make_shared<std::string>(), second = std::make_shared<std::string>();
  diff->add_option("first", *first, "folder of a run")->required();
  diff->add_option("second", *second, "folder of the other")->required();
  return {diff, [first, second](const CommandLine&) { return print_difference(*first, *second) ? 0 : 1; }};
}

}  // namespace gradus::sweep
