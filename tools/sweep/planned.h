// The runs of the stage that a sweep is at, kept in its folder: who works on some of them alone need not ask the
// program about all.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tools/sweep/planner.h"

namespace gradus::sweep {

// Writes OUTPUT/planned.json: the job's program, build and stage, and the plan's combinations, named as their folders;
// `executable` is what runs. Throws records::SystemError.
void keep_plan(const Job& job, const SweepPlan& plan, const std::filesystem::path& executable);
// The same of these steps alone, in a file of this name: for who runs them elsewhere, whatever the folder plans then.
void keep_share(const Job& job, const SweepPlan& plan, const std::vector<std::size_t>& steps,
                const std::filesystem::path& executable, const std::filesystem::path& file);

// Their names and stage; none where there is no plan. Throws as take_plan.
std::map<std::string, std::string> planned_runs(const std::filesystem::path& output);

// Sets all of that in a job whose output is set; the program is then the executable. Only the combinations of these
// names stay, all without any. Throws UsageError where there is no plan, or none of such a name in it,
// records::Damaged, records::OtherSchema and records::SystemError.
void take_plan(Job& job, const std::vector<std::string>& ids);
// What keep_share has written. Throws records::Damaged, records::OtherSchema and records::SystemError.
void take_share(Job& job, const std::filesystem::path& file);

}  // namespace gradus::sweep
