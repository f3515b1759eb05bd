#include "tools/sweep/planned.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "experiments/records/files.h"
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
  require_folder_name(run.at("id").get<std::string>());
  return {run.at("id").get<std::string>(), run.at("config_hash").get<std::string>(), choices_in(run.at("choices")),
          choices_in(run.at("inherited")), run.at("controls").get<std::vector<std::string>>()};
}

json json_of(const Step& step) {
  return {{"id", step.row.id},
          {"config_hash", step.combination->config_hash},
          {"choices", json_of(step.combination->choices)},
          {"inherited", json_of(step.combination->inherited)},
          {"controls", step.combination->controls}};
}

std::string text_of(const Job& job, const json& runs, const fs::path& executable) {
  // A copy in the folder goes with it where it is moved.
  const std::string kept = executable.lexically_proximate(fs::absolute(job.output)).string();
  return records::sealed_text({{"schema", records::schema_version},
                               {"program", job.program_name},
                               {"executable", kept.starts_with("..") ? executable.string() : kept},
                               {"build", job.build},
                               {"told_build", job.told_build},
                               {"stage", job.stage},
                               {"stopping", job.stopping ? job.stopping->text() : ""},
                               {"runs", runs}});
}

// What a file tells; its runs are left to the caller.
json document_in(Job& job, const fs::path& path) {
  const json document = records::read_current(path);
  job.program_name = document.at("program").get<std::string>();
  job.program = fs::absolute(job.output) / document.at("executable").get<std::string>();
  job.build = document.at("build").get<std::string>();
  job.told_build = document.at("told_build").get<bool>();
  job.stage = document.at("stage").get<std::string>();
  if (const std::string rule = document.value("stopping", std::string()); !rule.empty())
    job.stopping = parse_stopping(rule, path.string());
  return document;
}

}  // namespace

void keep_plan(const Job& job, const SweepPlan& plan, const fs::path& executable) {
  json runs = json::array();
  for (const Step& step : plan.steps) runs.push_back(json_of(step));
  write_shared(job.output, job.output / planned_file, text_of(job, runs, executable));
}

void keep_share(const Job& job, const SweepPlan& plan, const std::vector<std::size_t>& steps,
                const fs::path& executable, const fs::path& file) {
  json runs = json::array();
  for (const std::size_t step : steps) runs.push_back(json_of(plan.steps[step]));
  records::write_file(file, text_of(job, runs, executable));
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
    const json document = document_in(job, path);
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
  } catch (const UsageError&) {
    throw;
  } catch (const std::invalid_argument& error) {  // a run's name
    throw records::Damaged(fmt::format("{}: damaged: {}", path.string(), error.what()));
  } catch (const json::exception& error) {
    throw records::Damaged(fmt::format("{}: damaged: {}", path.string(), error.what()));
  }
}

void take_share(Job& job, const fs::path& file) {
  try {
    const json document = document_in(job, file);
    for (const json& run : document.at("runs")) job.combinations.push_back(combination_in(run));
  } catch (const json::exception& error) {
    throw records::Damaged(fmt::format("{}: damaged: {}", file.string(), error.what()));
  }
}

}  // namespace gradus::sweep
