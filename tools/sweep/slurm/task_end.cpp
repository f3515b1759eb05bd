#include "tools/sweep/slurm/task_end.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiments/records/files.h"
#include "experiments/records/sealed.h"
#include "experiments/records/whole_number.h"

namespace gradus::sweep {

using nlohmann::json;

NLOHMANN_JSON_SERIALIZE_ENUM(LeftRun::How, {{LeftRun::How::not_begun, "not begun"},
                                            {LeftRun::How::interrupted, "interrupted"},
                                            {LeftRun::How::stopped, "stopped"},
                                            {LeftRun::How::left_alone, "left alone"}})

TaskEnd TaskEnd::of(const Outcome& outcome, bool limit_is_near, const std::optional<TaskEnd>& before) {
  TaskEnd end{limit_is_near};
  for (std::size_t i = 0; i < outcome.runs.size(); ++i) {
    const RunRow& row = outcome.runs[i];
    LeftRun left{row.id, LeftRun::How::not_begun, row.reason};
    if (std::find(outcome.left_alone.begin(), outcome.left_alone.end(), i) != outcome.left_alone.end()) {
      left.how = LeftRun::How::left_alone;
    } else if (const auto found = outcome.suspended.find(i); found != outcome.suspended.end()) {
      const bool stopped = found->second.how == Suspension::How::stopped;
      left.how = stopped ? LeftRun::How::stopped : LeftRun::How::interrupted;
      left.step = found->second.step;
    } else if (row.status != "pending") {
      continue;
    }
    if (const LeftRun* earlier = before ? before->find(row.id) : nullptr)
      left.step = std::max(left.step, earlier->step);
    end.runs.push_back(std::move(left));
  }
  return end;
}

bool TaskEnd::is_beyond(const TaskEnd& before) const {
  return std::any_of(before.runs.begin(), before.runs.end(), [&](const LeftRun& earlier) {
    const LeftRun* now = find(earlier.id);
    return now == nullptr || now->step > earlier.step;  // no step is less than any
  });
}

const LeftRun* TaskEnd::find(const std::string& id) const {
  const auto found = std::find_if(runs.begin(), runs.end(), [&](const LeftRun& run) { return run.id == id; });
  return found == runs.end() ? nullptr : &*found;
}

std::optional<TaskEnd> TaskEnd::read(const std::filesystem::path& file) {
  try {
    const json document = records::read_current(file);
    TaskEnd end{document.at("limit_is_near").get<bool>()};
    for (const json& run : document.at("runs")) {
      LeftRun left{run.at("id").get<std::string>(), run.at("how").get<LeftRun::How>(),
                   run.at("reason").get<std::string>()};
      if (run.contains("step")) left.step = records::whole_number<std::int64_t>(run.at("step"));
      end.runs.push_back(std::move(left));
    }
    return end;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

void TaskEnd::write(const std::filesystem::path& file) const {
  json left = json::array();
  for (const LeftRun& run : runs) {
    left.push_back({{"id", run.id}, {"how", run.how}, {"reason", run.reason}});
    if (run.step) left.back()["step"] = *run.step;
  }
  records::write_file(
      file,
      records::sealed_text({{"schema", records::schema_version}, {"limit_is_near", limit_is_near}, {"runs", left}}));
}

}  // namespace gradus::sweep
