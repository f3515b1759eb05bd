#include "tools/sweep/planned.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "experiments/records/completion.h"
#include "experiments/records/files.h"
#include "experiments/records/program.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"
#include "tools/sweep/command.h"
#include "tools/sweep/layout.h"
#include "tools/sweep/shared_file.h"
#include "tools/sweep/turn.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

const std::string& text_of(const json& value) { return value.get_ref<const std::string&>(); }
const std::string& id_of(const json& run) { return text_of(run.at("id")); }

// A fork of a run of the folder itself is kept without the folder's name: it goes with a folder that is moved.
constexpr std::string_view own_folder = "{output}/";

std::string kept_text(const Choice& choice, const fs::path& output) {
  const std::string& text = choice.value.text;
  if (choice.name != fork_option) return text;
  const std::string folder = (output / "").string();
  return text.starts_with(folder) ? fmt::format("{}{}", own_folder, text.substr(folder.size())) : text;
}

std::string told_text(const std::string& name, const std::string& kept, const fs::path& output) {
  if (name != fork_option || !kept.starts_with(own_folder)) return kept;
  return (output / kept.substr(own_folder.size())).string();
}

json json_of(const std::vector<Choice>& choices, const fs::path& output) {
  json list = json::array();
  for (const Choice& choice : choices)
    list.push_back({choice.name, kept_text(choice, output), choice.value.json, choice.value.bare_flag});
  return list;
}

std::vector<Choice> choices_in(const json& list, const fs::path& output) {
  std::vector<Choice> choices;
  for (const json& entry : list) {
    const std::string name = entry.at(0).get<std::string>();
    choices.push_back(
        {name, {told_text(name, entry.at(1).get<std::string>(), output), entry.at(2), entry.at(3).get<bool>()}});
  }
  return choices;
}

Combination combination_in(const json& run, const fs::path& output) {
  require_folder_name(run.at("id").get<std::string>());
  return {run.at("id").get<std::string>(), run.at("config_hash").get<std::string>(),
          choices_in(run.at("choices"), output), choices_in(run.at("inherited"), output),
          run.at("controls").get<std::vector<std::string>>()};
}

json json_of(const Step& step, const fs::path& output) {
  return {{"id", step.row.id},
          {"config_hash", step.combination->config_hash},
          {"choices", json_of(step.combination->choices, output)},
          {"inherited", json_of(step.combination->inherited, output)},
          {"controls", step.combination->controls}};
}

json runs_of(const std::vector<Step>& steps, const fs::path& output) {
  json runs = json::array();
  for (const Step& step : steps) runs.push_back(json_of(step, output));
  return runs;
}

// What json_of makes of it, without making it: of 30,000 runs that takes longer than all else.
bool says(const json& list, const std::vector<Choice>& choices, const fs::path& output) {
  const auto says_it = [&](const json& entry, const Choice& one) {
    const bool has_text = one.name == fork_option ? text_of(entry.at(1)) == kept_text(one, output)
                                                  : text_of(entry.at(1)) == one.value.text;
    return has_text && text_of(entry.at(0)) == one.name && entry.at(2) == one.value.json &&
           entry.at(3).get<bool>() == one.value.bare_flag;
  };
  return std::equal(list.begin(), list.end(), choices.begin(), choices.end(), says_it);
}

bool says(const json& run, const Step& step, const fs::path& output) {
  const Combination& one = *step.combination;
  const json& controls = run.at("controls");
  return id_of(run) == step.row.id && text_of(run.at("config_hash")) == one.config_hash &&
         says(run.at("choices"), one.choices, output) && says(run.at("inherited"), one.inherited, output) &&
         std::equal(controls.begin(), controls.end(), one.controls.begin(), one.controls.end(),
                    [](const json& entry, const std::string& control) { return text_of(entry) == control; });
}

json plan_of(const Job& job, json runs, const fs::path& executable) {
  // A copy in the folder goes with it where it is moved.
  const std::string kept = executable.lexically_proximate(fs::absolute(job.output)).string();
  return {{"program", job.program_name}, {"executable", kept.starts_with("..") ? executable.string() : kept},
          {"build", job.build},          {"told_build", job.told_build},
          {"stage", job.stage},          {"stopping", job.stopping ? job.stopping->text() : ""},
          {"remarks", job.remarks},      {"runs", std::move(runs)}};
}

bool stops_early(const json& plan) { return plan.at("stopping") != ""; }

// The job without its runs.
void take_header(Job& job, const json& plan, const fs::path& path) {
  job.program_name = plan.at("program").get<std::string>();
  job.program = fs::absolute(job.output) / plan.at("executable").get<std::string>();
  job.build = plan.at("build").get<std::string>();
  job.told_build = plan.at("told_build").get<bool>();
  job.stage = plan.at("stage").get<std::string>();
  if (plan.contains("remarks")) job.remarks = plan.at("remarks").get<std::vector<std::string>>();
  if (stops_early(plan)) job.stopping = parse_stopping(plan.at("stopping").get<std::string>(), path.string());
}

// The plans as they were read last: a sweep asks for them more than once before it runs anything, and of 30,000 runs
// they are 20 MB, which nobody takes apart at the end.
struct LastRead {
  fs::path path;
  std::string stamp;
  json document;
};
LastRead& last_read = *new LastRead;

// Calls it with the plans of a folder: an empty list where there are none.
template <class Call>
auto read_plans(const fs::path& path, const Call& call) {
  try {
    std::error_code error;
    if (!fs::exists(path, error)) return call(json::array());
    // Of the file that is opened: on a network file system a name alone may be answered from what was seen before.
    const std::string stamp = records::InputFile(path).stamp();
    if (last_read.path != path || last_read.stamp != stamp) {
      last_read = {};
      last_read = {path, stamp, records::read_current(path)};
    }
    return call(std::as_const(last_read.document).at("plans"));
  } catch (const UnusableName& error) {
    throw records::Damaged(fmt::format("{}: damaged: {}", path.string(), error.what()));
  } catch (const json::exception& error) {
    throw records::Damaged(fmt::format("{}: damaged: {}", path.string(), error.what()));
  }
}

// Puts a plan behind the others. What an earlier plan has of its runs goes or, where that stops early, stays as rivals.
json joined(json plans, json plan) {
  std::unordered_set<std::string> later;
  for (const json& run : plan.at("runs")) later.insert(id_of(run));
  std::vector<json> kept = {std::move(plan)};  // the latest first
  for (auto one = plans.rbegin(); one != plans.rend(); ++one) {
    json own = json::array();
    for (const json& run : one->at("runs"))
      if (!later.contains(id_of(run))) own.push_back(run);
    if (own.empty()) continue;
    for (const json& run : own) later.insert(id_of(run));
    if (!stops_early(*one)) (*one)["runs"] = std::move(own);
    kept.push_back(std::move(*one));
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

// Whether there is such a plan with these runs, and no plan after it has any of them.
bool is_kept_already(const json& plans, const json& header, const std::vector<Step>& steps, const fs::path& output) {
  const auto found = std::find_if(plans.begin(), plans.end(), [&](const json& plan) {
    const auto of_plan = [&](const auto& entry) {
      return entry.key() == "runs" || plan.value(entry.key(), json()) == entry.value();
    };
    const json& runs = plan.at("runs");
    return std::ranges::all_of(header.items(), of_plan) &&
           std::equal(runs.begin(), runs.end(), steps.begin(), steps.end(),
                      [&](const json& run, const Step& step) { return says(run, step, output); });
  });
  return found != plans.end() && (found + 1 == plans.end() || !stops_early(header));
}

// With `wanted`, the runs of these names alone, and what is found leaves it.
std::vector<Job> jobs_of(const Job& base, const json& plans, const fs::path& path,
                         std::unordered_set<std::string>* wanted) {
  std::unordered_set<std::string> later;
  std::vector<Job> jobs;
  for (auto plan = plans.rbegin(); plan != plans.rend(); ++plan) {
    Job job = base;
    take_header(job, *plan, path);
    for (const json& run : plan->at("runs")) {
      const bool is_own = wanted == nullptr ? later.insert(id_of(run)).second : wanted->erase(id_of(run)) > 0;
      if (is_own)
        job.combinations.push_back(combination_in(run, job.output));
      else if (job.stopping)
        job.rivals.push_back(combination_in(run, job.output));
    }
    if (!job.combinations.empty()) jobs.push_back(std::move(job));
    if (wanted != nullptr && wanted->empty()) break;
  }
  std::reverse(jobs.begin(), jobs.end());
  return jobs;
}

}  // namespace

std::vector<std::string> keep_plan(const Job& job, const std::vector<Step>& steps, const fs::path& executable,
                                   const std::function<void()>& pause) {
  if (steps.empty()) return {};
  json plan = plan_of(job, json::array(), executable);
  const fs::path path = job.output / planned_file;
  const Turn turn(job.output, planned_file, pause);
  std::vector<std::string> notes;
  json plans = json::array();
  try {
    plans = read_plans(path, [&](const json& found) {
      if (is_kept_already(found, plan, steps, job.output)) return json();
      plan["runs"] = runs_of(steps, job.output);
      return joined(found, plan);
    });
    last_read = {};
    if (plans.is_null()) return {};
  } catch (const records::SystemError&) {
    throw;
  } catch (const std::runtime_error& error) {  // damaged, or of another Gradus
    notes.push_back(fmt::format("{}; what was planned before is not known by name any more", error.what()));
    plan["runs"] = runs_of(steps, job.output);
    plans = json::array({std::move(plan)});
  }
  write_shared(job.output, path,
               records::sealed_text({{"schema", records::schema_version}, {"plans", std::move(plans)}}));
  return notes;
}

void keep_share(const Job& job, const SweepPlan& plan, const std::vector<std::size_t>& steps,
                const fs::path& executable, const fs::path& file) {
  json runs = json::array();
  for (const std::size_t step : steps) runs.push_back(json_of(plan.steps[step], job.output));
  json share = plan_of(job, std::move(runs), executable);
  share["schema"] = records::schema_version;
  records::write_file(file, records::sealed_text(share));
}

std::vector<Job> planned_jobs(const Job& base) {
  const fs::path path = base.output / planned_file;
  return read_plans(path, [&](const json& plans) { return jobs_of(base, plans, path, nullptr); });
}

std::vector<Job> planned_jobs(const Job& base, const std::vector<std::string>& ids) {
  const fs::path path = base.output / planned_file;
  std::error_code error;
  if (!fs::exists(path, error))
    throw UsageError(
        fmt::format("{}: no plan here: expected the folder of a sweep that `sweep run` or `sweep plan` "
                    "has begun",
                    base.output.string()));
  std::unordered_set<std::string> wanted(ids.begin(), ids.end());
  std::vector<Job> jobs = read_plans(path, [&](const json& plans) { return jobs_of(base, plans, path, &wanted); });
  for (const std::string& id : ids)  // the first that was asked for
    if (wanted.contains(id))
      throw UsageError(
          fmt::format("{}: no run {} in any plan of the folder: expected an id that `sweep plan --format=jsonl` tells",
                      base.output.string(), records::printable(id)));
  return jobs;
}

std::set<std::string> planned_runs(const fs::path& output) {
  return read_plans(output / planned_file, [](const json& plans) {
    std::set<std::string> ids;
    for (const json& plan : plans)
      for (const json& run : plan.at("runs")) ids.insert(id_of(run));
    return ids;
  });
}

std::set<std::string> planned_executables(const fs::path& output) {
  return read_plans(output / planned_file, [](const json& plans) {
    std::set<std::string> names;
    for (const json& plan : plans)
      names.insert(fs::path(plan.at("executable").get<std::string>()).parent_path().filename().string());
    return names;
  });
}

void take_share(Job& job, const fs::path& file) {
  try {
    const json share = records::read_current(file);
    take_header(job, share, file);
    for (const json& run : share.at("runs")) job.combinations.push_back(combination_in(run, job.output));
  } catch (const UnusableName& error) {
    throw records::Damaged(fmt::format("{}: damaged: {}", file.string(), error.what()));
  } catch (const json::exception& error) {
    throw records::Damaged(fmt::format("{}: damaged: {}", file.string(), error.what()));
  }
}

bool were_accepted(const Job& job, std::vector<Combination>& combinations) {
  if (!job.told_build) return false;
  Job base;
  base.output = job.output;
  std::vector<Job> plans;
  try {
    plans = planned_jobs(base);
  } catch (const std::runtime_error&) {  // damaged, or of another Gradus
    return false;
  }
  std::unordered_map<std::string, const Combination*> accepted;  // by what the program is given
  for (const Job& plan : plans)
    if (plan.told_build && plan.build == job.build && plan.program_name == job.program_name && !plan.stopping)
      for (const Combination& one : plan.combinations) accepted.emplace(shell_text(one.arguments()), &one);
  std::vector<const Combination*> found;
  for (const Combination& one : combinations) {
    const auto known = accepted.find(shell_text(one.arguments()));
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
