#include "tools/sweep/integrity/logged_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiments/records/sealed.h"

namespace gradus::sweep {

std::string problem_of_log(const records::LogContents& log, const nlohmann::json& rows) {
  if (log.torn_bytes > 0)
    return fmt::format("damaged: the frame at byte {} is not whole, {} bytes from there on", log.whole_bytes,
                       log.torn_bytes);
  for (const auto& [name, count] : rows.items()) {
    const auto table = std::find_if(log.tables.begin(), log.tables.end(),
                                    [&name = name](const records::MetricTable& one) { return one.name() == name; });
    const std::int64_t found = table == log.tables.end() ? 0 : table->rows();
    if (count != found)
      return fmt::format("damaged: {} rows of the table {}, {} recorded", found, name, records::json_text(count));
  }
  return {};
}

}  // namespace gradus::sweep
