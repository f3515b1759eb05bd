#include "tools/sweep/planned.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "experiments/records/completion.h"
#include "experiments/records/descriptor.h"
#include "experiments/records/program.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"
#include "tools/sweep/shared_file.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* planned_file = "planned.json";

json json_of(const std::vector<Choice>& choices) {
  json list = json::array();
  for (const Choice& choice : choices)
    list.push_back({choice.name, choice.value.text, choice.value.json, choice.value.bare_flag});
  return list;
}

std::vector<Choice> choices_in(const json& list) {
  std::vector<Choice> choices;
  for (const json& entry : list)
    choices.push_back(
        {entry.at(0).get<std::string>(), {entry.at(1).get<std::string>(), entry.at(2), entry.at(3).get<bool>()}});
  return choices;
}

Combination combination_in(const json& run) {
  return {run.at("id").get<std::string>(), run.at("config_hash").get<std::string>(), choices_in(run.at("choices")),
          choices_in(run.at("inherited")), run.at("controls").get<std::vector<std::string>>()};
}

}  // namespace

void keep_plan(const Job& job, const SweepPlan& plan, const fs::path& executable) {
  json runs = json::array();
  for (const Step& step : plan.steps)
    runs.push_back({{"id", step.row.id},
                    {"config_hash", step.combination->config_hash},
                    {"choices", json_of(step.combination->choices)},
                    {"inherited", json_of(step.combination->inherited)},
                    {"controls", step.combination->controls}});
  // A copy in the folder goes with it where it is moved.
  const std::string kept = executable.lexically_proximate(fs::absolute(job.output)).string();
  write_shared(job.output, job.output / planned_file,
               records::sealed_text({{"schema", records::schema_version},
                                     {"program", job.program_name},
                                     {"executable", kept.starts_with("..") ? executable.string() : kept},
                                     {"build", job.build},
                                     {"told_build", job.told_build},
                                     {"stage", job.stage},
                                     {"stopping", job.stopping ? job.stopping->text() : ""},
                                     {"runs", runs}}));
}

std::map<std::string, std::string> planned_runs(const fs::path& output) {
  std::error_code error;
  if (!fs::exists(output / planned_file, error)) return {};
  Job job;
  job.output = output;
  take_plan(job, {});
  std::map<std::string, std::string> ids;
  for (const Combination& combination : job.combinations) ids.emplace(combination.id, job.stage);
  return ids;
}

void take_plan(Job& job, const std::vector<std::string>& ids) {
  const fs::path path = job.output / planned_file;
  try {
    const json document = records::read_current(path);
    job.program_name = document.at("program").get<std::string>();
    job.program = fs::absolute(job.output) / document.at("executable").get<std::string>();
    job.build = document.at("build").get<std::string>();
    job.told_build = document.at("told_build").get<bool>();
    job.stage = document.at("stage").get<std::string>();
    if (const std::string rule = document.value("stopping", std::string()); !rule.empty())
      job.stopping = parse_stopping(rule, path.string());
    std::set<std::string> wanted(ids.begin(), ids.end());
    for (const json& run : document.at("runs"))
      if (ids.empty() || wanted.erase(run.at("id").get<std::string>()) > 0)
        job.combinations.push_back(combination_in(run));
      else if (job.stopping)
        job.rivals.push_back(combination_in(run));
    if (!wanted.empty())
      throw UsageError(
          fmt::format("{}: no run {} in the stage that the sweep is at: expected an id that `sweep plan "
                      "--format=jsonl` tells",
                      job.output.string(), records::printable(*wanted.begin())));
  } catch (const records::SystemError& error) {
    if (error.code != ENOENT && error.code != ENOTDIR) throw;
    throw UsageError(
        fmt::format("{}: no plan here: expected the folder of a sweep that `sweep run` or `sweep plan` "
                    "has begun",
                    job.output.string()));
  } catch (const json::exception& error) {
    throw records::Damaged(fmt::format("{}: damaged: {}", path.string(), error.what()));
  }
}

bool were_accepted(const Job& job, std::vector<Combination>& combinations) {
  Job planned;
  planned.output = job.output;
  try {
    take_plan(planned, {});
  } catch (const std::runtime_error&) {  // damaged, or of another Gradus
    return false;
  } catch (const UsageError&) {  // there is none
    return false;
  }
  if (!job.told_build || !planned.told_build || planned.build != job.build ||
      planned.program_name != job.program_name || planned.stopping)
    return false;
  std::map<std::vector<std::string>, const Combination*> accepted;
  for (const Combination& one : planned.combinations) accepted.emplace(one.arguments(), &one);
  std::vector<const Combination*> found;
  for (const Combination& one : combinations) {
    const auto known = accepted.find(one.arguments());
    std::error_code error;
    if (known == accepted.end() || known->second->controls != one.controls || one.first_stop ||
        !fs::exists(job.output / known->second->id / records::completion_file, error))
      return false;
    found.push_back(known->second);
  }
  for (std::size_t i = 0; i < found.size(); ++i) combinations[i].config_hash = found[i]->config_hash;
  return true;
}

}  // namespace gradus::sweep
