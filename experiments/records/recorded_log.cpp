#include "experiments/records/recorded_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/sealed.h"

namespace gradus::records {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

bool is_absent(const SystemError& error) { return error.code == ENOENT || error.code == ENOTDIR; }

// Null where there is none.
json completion_in(const fs::path& folder) {
  try {
    return read_current(folder / completion_file);
  } catch (const SystemError& error) {
    if (!is_absent(error)) throw;
    return nullptr;
  }
}

}  // namespace

// A run that goes on removes complete.json before it writes. One that was recovered has left out what was torn; one
// that has failed may not have been able to write its last rows.
json rows_vouched_for(const json& record) {
  const std::string status = text_member(record, "status");
  const bool is_paused = status == name_of(Status::interrupted) && !record.contains("recovered");
  return is_result(status) || is_paused ? record.value("rows", json::object()) : json();
}

std::string problem_of_log(const fs::path& path, const LogContents& log, const json& rows) {
  if (rows.empty() && !begins_a_log(read_beginning(path, log_beginning))) return {};
  if (log.torn_bytes > 0)
    return fmt::format("damaged: the frame at byte {} is not whole, {} bytes from there on", log.whole_bytes,
                       log.torn_bytes);
  if (log.configuration.is_null()) return "damaged: it does not begin with a configuration";
  for (const auto& [name, count] : rows.items()) {
    const auto table = std::find_if(log.tables.begin(), log.tables.end(),
                                    [&name = name](const MetricTable& one) { return one.name() == name; });
    const std::int64_t found = table == log.tables.end() ? 0 : table->rows();
    if (count != found)
      return fmt::format("damaged: {} rows of the table {}, {} recorded", found, name, json_text(count));
  }
  return {};
}

LogContents read_recorded_log(const fs::path& folder, std::span<LogMark> marks) {
  const fs::path path = folder / log_file;
  for (json record = completion_in(folder);;) {
    const json rows = rows_vouched_for(record);
    std::string problem;
    try {
      for (LogMark& mark : marks) mark = {mark.step};
      LogContents log = read_metric_log(path, marks);
      if (!rows.is_null()) problem = problem_of_log(path, log, rows);
      if (problem.empty()) return log;
    } catch (const SystemError& error) {
      if (rows.empty() || !is_absent(error)) throw;
      problem = "missing";
    }
    // The run may have gone on, or another have taken its place, since its record was read.
    json now = completion_in(folder);
    if (now == record) throw Damaged(fmt::format("{}: {}", path.string(), problem));
    record = std::move(now);
  }
}

}  // namespace gradus::records
