#include "tools/sweep/rung_reader.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <span>
#include <stdexcept>

namespace gradus::sweep {

namespace {
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
}

double RungReader::scored(double value) const {
  if (!std::isfinite(value)) return not_a_number;
  return metric_.better() == records::Better::higher ? -value : value;
}

std::string RungReader::text_of(double score) const {
  const double value = metric_.better() == records::Better::higher ? -score : score;
  return fmt::format("{} {:.6g}", metric_.name(), value);
}

void RungReader::read(const std::filesystem::path& folder, const std::vector<std::int64_t>& rungs, RungRecord& record) {
  std::vector<records::LogMark> marks = {{0}};  // what is logged before the first step says nothing of a setting
  for (const std::int64_t rung : rungs) marks.push_back({rung});
  const MetricValues all = metric_.read(folder, marks);
  for (std::size_t i = 1; i < marks.size(); ++i) {
    const records::LogMark& mark = marks[i];
    if (record.has_ended && !mark.passed && rule_.kind == StoppingRule::Kind::median) return;
    const auto rows = static_cast<std::size_t>(mark.rows.at(all.table)),
               before = static_cast<std::size_t>(marks[i - 1].rows.at(all.table));
    if (marks[i - 1].passed && rows == before && (mark.passed || !record.has_ended))
      throw std::runtime_error(
          fmt::format("{}: no {} between the steps {} and {}: expected a row of it, to stop early by", folder.string(),
                      metric_.name(), marks[i - 1].step, mark.step));
    const bool diverged = record.has_ended && !record.has_completed && !mark.passed;
    const std::span<const double> values = std::span(all.values).first(rows);
    const bool is_median = rule_.kind == StoppingRule::Kind::median;
    const double value = metric_.statistic_of(values, is_median ? "best" : rule_.by.statistic);
    record.scores.push_back(diverged ? not_a_number : scored(value));
    if (is_median) record.averages.push_back(diverged ? not_a_number : scored(metric_.statistic_of(values, "mean")));
  }
}

RungRecord RungReader::ended(const std::filesystem::path& folder, bool has_completed) {
  RungRecord record;
  record.has_ended = true;
  record.has_completed = has_completed;
  if (rule_.kind == StoppingRule::Kind::asha) {
    read(folder, rule_.rungs_until(*rule_.last), record);
  } else {
    const MetricValues all = metric_.read(folder);
    // Of one rung more than rows, one has no row before it, which is refused.
    read(folder, rule_.rungs_until(all.steps, all.values.size() + 1), record);
  }
  return record;
}

RungRecord RungReader::paused(const std::filesystem::path& folder, std::int64_t position) {
  RungRecord record;
  record.position = position;
  const std::vector<std::int64_t> rungs = rule_.rungs_until(position);
  if (!rungs.empty()) read(folder, rungs, record);
  return record;
}

}  // namespace gradus::sweep
