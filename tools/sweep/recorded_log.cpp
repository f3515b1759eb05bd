#include "tools/sweep/recorded_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/sealed.h"

namespace gradus::sweep {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

bool is_absent(const records::SystemError& error) { return error.code == ENOENT || error.code == ENOTDIR; }

// Null where there is none.
json completion_in(const fs::path& folder) {
  try {
    return records::read_current(folder / records::completion_file);
  } catch (const records::SystemError& error) {
    if (!is_absent(error)) throw;
    return nullptr;
  }
}

}  // namespace

// A run that goes on removes complete.json before it writes. One that was recovered has left out what was torn; one
// that has failed may not have been able to write its last rows.
json rows_vouched_for(const json& record) {
  const std::string status = records::text_member(record, "status");
  const bool is_paused = status == records::name_of(records::Status::interrupted) && !record.contains("recovered");
  return records::is_result(status) || is_paused ? record.value("rows", json::object()) : json();
}

std::string problem_of_log(const fs::path& path, const records::LogContents& log, const json& rows) {
  if (rows.empty() && !records::begins_a_log(records::read_beginning(path, records::log_beginning))) return {};
  if (log.torn_bytes > 0)
    return fmt::format("damaged: the frame at byte {} is not whole, {} bytes from there on", log.whole_bytes,
                       log.torn_bytes);
  if (log.configuration.is_null()) return "damaged: it does not begin with a configuration";
  for (const auto& [name, count] : rows.items()) {
    const auto table = std::find_if(log.tables.begin(), log.tables.end(),
                                    [&name = name](const records::MetricTable& one) { return one.name() == name; });
    const std::int64_t found = table == log.tables.end() ? 0 : table->rows();
    if (count != found)
      return fmt::format("damaged: {} rows of the table {}, {} recorded", found, name, records::json_text(count));
  }
  return {};
}

records::LogContents read_recorded_log(const fs::path& folder, std::span<records::LogMark> marks) {
  const fs::path path = folder / records::log_file;
  for (json record = completion_in(folder);;) {
    const json rows = rows_vouched_for(record);
    std::string problem;
    try {
      for (records::LogMark& mark : marks) mark = {mark.step};
      records::LogContents log = records::read_metric_log(path, marks);
      if (!rows.is_null()) problem = problem_of_log(path, log, rows);
      if (problem.empty()) return log;
    } catch (const records::SystemError& error) {
      if (rows.empty() || !is_absent(error)) throw;
      problem = "missing";
    }
    // The run may have gone on, or another have taken its place, since its record was read.
    json now = completion_in(folder);
    if (now == record) throw records::Damaged(fmt::format("{}: {}", path.string(), problem));
    record = std::move(now);
  }
}

}  // namespace gradus::sweep
