#include "tools/sweep/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

#include "experiments/records/files.h"
#include "experiments/records/text.h"
#include "tools/sweep/continuation.h"

namespace gradus::sweep {
namespace {

using records::Verdict;

std::string shortened(const std::string& digest) { return digest.substr(0, 12); }

// Runs of other builds, for a line that names some of each.
struct OtherRuns {
  std::size_t count = 0;
  std::string ids, builds;

  void add(const std::string& id, const std::string& made_by) {
    ++count;
    if (count <= 3) ids += (count > 1 ? ", " : "") + id;
    if (count == 4) ids += ", ...";
    const std::string build = shortened(made_by);
    if (builds.find(build) == builds.npos && builds.size() < 40) builds += (builds.empty() ? "" : ", ") + build;
  }
};

class Planner {
 public:
  Planner(const Job& job, const Inventory& inventory) : job_(job), inventory_(inventory) {
    for (const auto& [id, record] : inventory.records) {
      if (record.config_hash.empty()) continue;
      std::string& found = by_configuration_[record.config_hash];
      if (found.empty() || worth(id) > worth(found)) found = id;
    }
  }

  SweepPlan plan() {
    refuse_other_programs();
    SweepPlan plan;
    if (inventory_.cache) plan.found_table = &*inventory_.cache;
    for (const Combination& combination : job_.combinations) plan.steps.push_back(step_of(combination));
    for (const Combination& combination : job_.rivals) plan.rivals.push_back(step_of(combination));
    for (RunRow& row : inventory_.rows(taken_))
      if (row.status != "pending" || record_of(row.id) != nullptr) plan.others.push_back(std::move(row));
    judge_other_builds(plan);
    judge_checkpoints(plan);
    return plan;
  }

 private:
  const RunRecord* record_of(const std::string& id) const {
    const auto found = inventory_.records.find(id);
    return found == inventory_.records.end() ? nullptr : &found->second;
  }

  void refuse_other_programs() const {
    const auto refuse = [&](const std::string& other) {
      throw std::runtime_error(fmt::format("{}: holds runs of {}, not of {}: choose another --output",
                                           job_.output.string(), records::printable(other), job_.program_name));
    };
    if (inventory_.cache && inventory_.cache->program != job_.program_name) refuse(inventory_.cache->program);
    if (!job_.told_build) return;  // what its runs call themselves, only the program could tell
    for (const auto& [id, record] : inventory_.records)
      if (!record.program.empty() && record.program != job_.program_name) refuse(record.program);
  }

  bool is_other_build(const std::string& id) const {
    const RunRecord* record = record_of(id);
    const RunRow* row = inventory_.cached(id);
    if (record == nullptr || !record->is_result()) return false;
    // A program that does not tell its executable may start another one, whose digest the run recorded.
    if (!record->build.empty()) return job_.told_build && record->build != job_.build;
    return row != nullptr && !row->build.empty() && row->build != job_.build;
  }

  // Of two folders with one configuration the better counts: a result of this build, a result, anything.
  int worth(const std::string& id) const { return !record_of(id)->is_result() ? 0 : is_other_build(id) ? 1 : 2; }

  // The name of the folder in which this configuration is, or is to be.
  std::string folder_of(const Combination& combination) const {
    const std::string& hash = combination.config_hash;
    const RunRecord* own = record_of(combination.id);
    if (hash.empty() || (own != nullptr && own->config_hash == hash)) return combination.id;
    if (const auto found = by_configuration_.find(hash);
        found != by_configuration_.end() && !taken_.contains(found->second))
      return found->second;
    // Its name may be that of a result whose options meant something else then: defaults of an older build.
    const bool free = own == nullptr || !own->is_result() || job_.other_builds == OtherBuilds::rebuild;
    return free && !taken_.contains(combination.id) ? combination.id : hash;
  }

  Step step_of(const Combination& combination) {
    Step step{&combination, {}, Action::run};
    RunRow& row = step.row;
    row.id = folder_of(combination);
    taken_.insert(row.id);
    if (const RunRow* cached = inventory_.cached(row.id)) row = *cached;
    row.options = combination.options();
    row.effective = false;
    const RunRecord* record = record_of(row.id);
    inventory_.tell(row);
    step.action = action_for(row, record);
    if (step.action == Action::run || step.action == Action::rebuild) {
      step.stamp = row.stamp;
      row = RunRow{row.id, row.options};
      row.config_hash = combination.config_hash;
    }
    row.stage = job_.stage;
    return step;
  }

  bool keeps_failure(const std::string& id) const {
    return job_.failed_runs == FailedRuns::keep ||
           (job_.failed_runs == FailedRuns::keep_new && inventory_.failures.contains(id));
  }

  Action action_for(RunRow& row, const RunRecord* record) const {
    if (row.status == "failed" && keeps_failure(row.id)) return Action::keep;
    if (record == nullptr) {
      std::error_code error;
      const auto found = std::filesystem::symlink_status(job_.output / row.id, error).type();
      // Another sweep may have made the folder just now.
      if (found == std::filesystem::file_type::not_found || found == std::filesystem::file_type::directory)
        return Action::run;
      row.reason = fmt::format("{}: in the way, and not a run's folder", (job_.output / row.id).string());
      return Action::leave;
    }
    if (record->verdict == Verdict::unreadable) return Action::leave;
    if (record->verdict == Verdict::other_schema && job_.other_builds != OtherBuilds::rebuild) {
      row.reason += " (--rebuild makes it anew)";
      return Action::leave;
    }
    if (record->is_result())
      return is_other_build(row.id) && job_.other_builds == OtherBuilds::rebuild ? Action::rebuild : Action::skip;
    return record->verdict == Verdict::none || record->verdict == Verdict::whole ? Action::run : Action::rebuild;
  }

  void judge_other_builds(SweepPlan& plan) const {
    OtherRuns others;
    std::size_t outside = 0;
    for (const auto& [id, record] : inventory_.records) {
      if (!is_other_build(id)) continue;
      if (!taken_.contains(id)) ++outside;
      const std::string& made_by = !record.build.empty() ? record.build : inventory_.cached(id)->build;
      plan.builds.insert(made_by);
      others.add(id, made_by);
    }
    if (others.count == 0 || job_.other_builds == OtherBuilds::keep) return;
    const auto is_allowed = [&](const std::string& build) { return job_.allowed_builds.contains(build); };
    if (job_.other_builds == OtherBuilds::refuse && is_allowed(job_.build) &&
        std::all_of(plan.builds.begin(), plan.builds.end(), is_allowed)) {
      plan.notes.push_back(
          fmt::format("{} runs of {} are of another build ({}; now {}), which --allow-mixed-builds has allowed there: "
                      "they stay (--rebuild runs them again)",
                      others.count, job_.output.string(), others.builds, shortened(job_.build)));
      return;
    }
    if (job_.other_builds == OtherBuilds::refuse)
      throw std::runtime_error(fmt::format(
          "{}: {} of its runs ({}) are of another build of {} ({}; now {}): --rebuild runs them again "
          "and keeps each until "
          "its successor is whole, --allow-mixed-builds leaves them beside the new ones",
          job_.output.string(), others.count, others.ids, job_.program_name, others.builds, shortened(job_.build)));
    if (outside > 0)
      plan.notes.push_back(
          fmt::format("{} runs of other grids in {} are of another build and stay: run their grids with "
                      "--rebuild too",
                      outside, job_.output.string()));
  }

  // What another build has computed of runs of this plan and kept in checkpoints is not given up unasked.
  void judge_checkpoints(SweepPlan& plan) const {
    if (job_.not_bitwise || job_.other_builds == OtherBuilds::rebuild) return;
    OtherRuns stopped;
    for (const Step& step : plan.steps) {
      const std::string& id = step.row.id;
      const RunRecord* record = record_of(id);
      if (record != nullptr && is_of_other_build(job_, *record) &&
          step_kept(job_, *step.combination, job_.output / id, *record))
        stopped.add(id, record->build);
    }
    if (stopped.count == 0) return;
    const std::string which =
        fmt::format("{}: {} of its runs ({}) were stopped under another build of {} ({}; now {})", job_.output.string(),
                    stopped.count, stopped.ids, job_.program_name, stopped.builds, shortened(job_.build));
    if (job_.other_builds == OtherBuilds::refuse)
      throw std::runtime_error(which + ": --not-bitwise goes on from their checkpoints, --no-resume begins them anew");
    plan.notes.push_back(which + " and begin anew (--not-bitwise would go on from their checkpoints)");
  }

  const Job& job_;
  const Inventory& inventory_;
  std::unordered_map<std::string, std::string> by_configuration_;  // the best folder of each
  std::unordered_set<std::string> taken_;
};

}  // namespace

SweepPlan make_plan(const Job& job, const Inventory& inventory) { return Planner(job, inventory).plan(); }

}  // namespace gradus::sweep
