// A column of the runs' tables by which they are compared, and what it says of a run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/records/column.h"
#include "experiments/records/log_contents.h"

namespace gradus::sweep {

struct MetricChoice {
  std::string table, column;       // an empty table is the runs' default
  std::string statistic = "last";  // of the column's values: last, best, mean or time_to
  double target = 0;               // of time_to: how many values come before the first that is as good
  // A time is the better the shorter, whichever way the column is.
  bool is_time() const { return statistic == "time_to"; }
  std::string statistic_text() const;  // as it is written: ":time_to=0.5"; empty of the last value
};

// `[TABLE/]COLUMN[:last|best|mean|time_to=TARGET]`; none for another text.
std::optional<MetricChoice> parse_metric(std::string_view text);
inline constexpr const char* metric_form = "expected [TABLE/]COLUMN[:last|best|mean|time_to=TARGET]";

// A statistic of a column's values, by which way is better. NaN of no values. A time whose target no value comes to is
// their number, or NaN where the last of them is.
double statistic_of(std::span<const double> values, std::string_view statistic, records::Better better, double target);

struct MetricValues {
  std::vector<double> values;  // in their order
  std::string table;           // which has the column
  std::int64_t steps = 0;      // that the run has taken, by its table of steps
};

// Reads the column out of the runs' logs.
class MetricReader {
 public:
  // `purpose` is for messages: the column to ... by.
  MetricReader(MetricChoice choice, const char* purpose) : choice_(std::move(choice)), purpose_(purpose) {}

  // Also finds the marks' places. Throws std::runtime_error where the log has no such column, or it does not say which
  // way is better; the message names those that it may be. Throws records::Damaged, with what mends it, where the log
  // is not what its run has recorded (recorded_log.h).
  MetricValues read(const std::filesystem::path& folder, std::span<records::LogMark> marks = {});
  // By the direction that a log has told.
  double statistic_of(std::span<const double> values, std::string_view statistic) const {
    return sweep::statistic_of(values, statistic, better_, choice_.target);
  }

  const MetricChoice& choice() const { return choice_; }
  const std::string& table() const { return table_; }                                              // as a log has told
  records::Better better() const { return choice_.is_time() ? records::Better::lower : better_; }  // of the statistic
  std::string name() const;                                                                        // TABLE/COLUMN

 private:
  MetricChoice choice_;
  const char* purpose_;
  std::string table_;
  records::Better better_ = records::Better::neither;
};

}  // namespace gradus::sweep
