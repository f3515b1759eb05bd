// The runs that a folder's sweeps have planned, of every grid and stage, kept in OUTPUT/planned.json: who works on some
// of them alone need not ask the program about all. Sealed:
//   {"plans": [{"program", "executable", "build", "told_build", "stage", "stopping", "remarks",
//              "runs": [{"id", ...}]}]}
// The latest plan that names a run is the one that counts; a plan none of whose runs is its own any more is dropped,
// so that the file has each run once. (A stage that stops early keeps all: its runs are compared with one another.)
// The file may be deleted: runs are then no more known by name until they are planned again.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tools/sweep/planner.h"

namespace gradus::sweep {

// Adds the job's program, build and stage with these steps' combinations, named as their folders; `executable` is what
// runs. Returns a line for the user where the file was damaged and what it told is lost. `pause` as in turn.h. Throws
// records::SystemError.
std::vector<std::string> keep_plan(const Job& job, const std::vector<Step>& steps,
                                   const std::filesystem::path& executable, const std::function<void()>& pause);
// The same of some of a plan's steps alone, in a file of this name: for who runs them elsewhere, whatever the folder
// plans then.
void keep_share(const Job& job, const SweepPlan& plan, const std::vector<std::size_t>& steps,
                const std::filesystem::path& executable, const std::filesystem::path& file);

// A job for each plan, the earliest first: `base`, whose output is set, with the plan's program, which is then the
// executable, its stage, and the runs of which it is the latest plan. None where there is no file. Throws
// records::Damaged, records::OtherSchema and records::SystemError.
std::vector<Job> planned_jobs(const Job& base);
// The same with the runs of these names alone, of plans that have any. Throws UsageError too, where there is no file,
// or none of such a name in it.
std::vector<Job> planned_jobs(const Job& base, const std::vector<std::string>& ids);

// The names of all runs. Throws as planned_jobs.
std::set<std::string> planned_runs(const std::filesystem::path& output);
// Names of the folders in OUTPUT/.programs (builds.h) that are to stay for them. Throws as planned_jobs.
std::set<std::string> planned_executables(const std::filesystem::path& output);

// Sets what keep_share has written in a job. Throws records::Damaged, records::OtherSchema and records::SystemError.
void take_share(Job& job, const std::filesystem::path& file);

// Whether the program has accepted all of these when the plan was made, by the same build of it, and all have come to
// their end since: it need not be asked again. Sets their config_hash then.
bool were_accepted(const Job& job, std::vector<Combination>& combinations);

}  // namespace gradus::sweep
