// What a run has logged, as far as it can be read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/records/run_table.h"

namespace gradus::records {

// The first bytes of a log tell whether it is one: so many are to be looked at.
inline constexpr std::size_t log_beginning = 10;
bool begins_a_log(std::string_view first_bytes);

struct LogContents {
  nlohmann::json configuration;  // null if the first frame is not whole
  std::vector<MetricTable> tables;
  std::vector<std::uint16_t> numbers;  // of the tables in the log
  std::uint16_t announced = 0;         // tables, those included that are left out
  nlohmann::json attributes = nlohmann::json::object();
  std::int64_t whole_bytes = 0, torn_bytes = 0;  // up to and after the last whole frame before the first damage
};

// The place in a log at which its run had taken so many steps, whatever came later: before the row of the table `step`
// with that index.
struct LogMark {
  std::int64_t step = 0;
  std::map<std::string, std::int64_t> rows = {};  // of each table: as many as at the log's end if the run never passed
  bool passed = false;                            // it has taken more steps
};

// Reads a log up to its first torn or damaged frame. No memory is taken that the file's size does not vouch for: a
// table without rows that announces more than that is left out.
// For who goes on writing it, such tables are there too.
LogContents read_metric_log(const std::filesystem::path& path, bool goes_on = false);
// Also finds the marks' places; they are in the order of their steps.
LogContents read_metric_log(const std::filesystem::path& path, std::span<LogMark> marks);

}  // namespace gradus::records
