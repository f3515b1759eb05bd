#include "tools/sweep/slurm/task_end.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiments/records/files.h"
#include "experiments/records/sealed.h"

namespace gradus::sweep {

using nlohmann::json;

NLOHMANN_JSON_SERIALIZE_ENUM(LeftRun::How, {{LeftRun::How::not_begun, "not begun"},
                                            {LeftRun::How::interrupted, "interrupted"},
                                            {LeftRun::How::stopped, "stopped"},
                                            {LeftRun::How::left_alone, "left alone"}})

TaskEnd TaskEnd::of(const Outcome& outcome, bool limit_is_near) {
  TaskEnd end{limit_is_near};
  for (std::size_t i = 0; i < outcome.runs.size(); ++i) {
    const RunRow& row = outcome.runs[i];
    const bool alone = std::find(outcome.left_alone.begin(), outcome.left_alone.end(), i) != outcome.left_alone.end();
    if (row.status != "pending" && !alone) continue;
    using How = LeftRun::How;
    const How how = alone                               ? How::left_alone
                    : row.reason.empty()                ? How::not_begun
                    : row.reason.starts_with("stopped") ? How::stopped
                                                        : How::interrupted;
    end.runs.push_back({row.id, how, row.reason});
  }
  return end;
}

std::optional<TaskEnd> TaskEnd::read(const std::filesystem::path& file) {
  try {
    const json document = records::read_current(file);
    TaskEnd end{document.at("limit_is_near").get<bool>()};
    for (const json& run : document.at("runs"))
      end.runs.push_back(
          {run.at("id").get<std::string>(), run.at("how").get<LeftRun::How>(), run.at("reason").get<std::string>()});
    return end;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

void TaskEnd::write(const std::filesystem::path& file) const {
  json left = json::array();
  for (const LeftRun& run : runs) left.push_back({{"id", run.id}, {"how", run.how}, {"reason", run.reason}});
  records::write_file(
      file,
      records::sealed_text({{"schema", records::schema_version}, {"limit_is_near", limit_is_near}, {"runs", left}}));
}

}  // namespace gradus::sweep
