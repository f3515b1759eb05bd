// sweep slurm-task: what a task of a job array runs on its node, one more sweep in the folder.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <memory>

#include "experiments/records/files.h"
#include "experiments/records/program.h"
#include "settings/parse.h"
#include "tools/sweep/planned.h"
#include "tools/sweep/request.h"
#include "tools/sweep/slurm/job_arrays.h"
#include "tools/sweep/slurm/patient_talk.h"
#include "tools/sweep/slurm/slurm.h"
#include "tools/sweep/slurm/task_end.h"
#include "tools/sweep/verb.h"

namespace gradus::sweep {
namespace {

namespace fs = std::filesystem;

constexpr auto most_requeueing = std::chrono::seconds(30);  // then its runs are for another task

// Slurm gives it another go when its time is over: as long as a go brings the runs further than the one before.
void requeue(Signals& signals) {
  // By its place in the array: the number in SLURM_JOB_ID may be the whole array's.
  const char *array = std::getenv("SLURM_ARRAY_JOB_ID"), *task = std::getenv("SLURM_ARRAY_TASK_ID");
  Children children;
  Slurm slurm(children, signals);
  PatientTalk talk([](const std::string& line) { records::complain("sweep", line); });
  const auto deadline = std::chrono::steady_clock::now() + most_requeueing;
  try {
    if (array == nullptr || task == nullptr) return;
    while (!talk.done([&] { slurm.requeue(fmt::format("{}_{}", array, task)); }))
      if (std::chrono::steady_clock::now() > deadline || signals.wait(std::chrono::seconds(1))) break;
  } catch (const records::Interrupted&) {
    // By Slurm, which does as it was asked.
  } catch (const std::exception& error) {
    records::complain("sweep", fmt::format("its runs wait for another task: {}", error.what()));
  }
}

int run_task(const fs::path& output, const std::string& array, CommandLine line) {
  const char* text = std::getenv("SLURM_ARRAY_TASK_ID");
  const auto number = text == nullptr ? std::nullopt : settings::number_in<int>(text);
  if (!number) throw UsageError("slurm-task: SLURM_ARRAY_TASK_ID: expected a number, as in a task of a job array");
  const fs::path folder = folder_of_array(output, array);
  std::error_code error;
  if (!fs::exists(plan_of_task(folder, *number), error)) {
    records::put("nothing to do: the sweep has ended, or was cancelled\n");
    return 0;
  }
  const std::unique_ptr<SweepRequest> request =
      SweepRequest::of(Asked::read(folder), output, {"--launcher=local", "--quiet"}, line);
  request->enter_directory();
  Job job = request->share(line);
  job.failed_runs = FailedRuns::keep_new;
  take_share(job, plan_of_task(folder, *number));
  // What it left before tells nothing of a go that is killed.
  const fs::path left = left_by_task(folder, *number);
  const std::optional<TaskEnd> before = TaskEnd::read(left);
  fs::remove(left, error);
  Signals signals;
  const ShareEnd end = run_planned(job, std::max(1, request->options().jobs), signals);

  const TaskEnd now = TaskEnd::of(end.outcome, end.outcome.interrupted && end.limit_is_near, before);
  if (!now.runs.empty()) now.write(left);
  if (now.limit_is_near && (!before || now.is_beyond(*before))) requeue(signals);
  return end.code;
}

}  // namespace

Verb slurm_task_verb(CLI::App& app) {
  CLI::App* task = app.add_subcommand("slurm-task", "what `sweep run --launcher=slurm` has a task of a job array do");
  auto folder = std::make_shared<std::string>(), array = std::make_shared<std::string>();
  task->add_option("folder", *folder, "folder of the sweep")->required();
  task->add_option("array", *array, "name of the job array")->required();
  return {task, [folder, array](const CommandLine& line) { return run_task(fs::absolute(*folder), *array, line); }};
}

}  // namespace gradus::sweep
