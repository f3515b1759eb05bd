#include "tools/sweep/slurm/submission.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <limits>

#include "experiments/records/files.h"
#include "experiments/records/program.h"
#include "tools/sweep/builds.h"
#include "tools/sweep/command.h"
#include "tools/sweep/planned.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

std::optional<std::chrono::seconds> limit_of(const SlurmOptions& options) {
  return options.time.empty() ? std::nullopt : slurm_time(options.time);
}

// How long before the limit runs are told to write their checkpoints.
std::chrono::seconds lead_before(std::optional<std::chrono::seconds> limit) {
  constexpr std::chrono::seconds usual(120), least(15);
  return limit ? std::clamp(*limit / 4, least, usual) : usual;
}

}  // namespace

Submission::Submission(const Job& job, const SweepPlan& plan, const fs::path& executable, Slurm& slurm,
                       JobArrays& arrays, WaitedTasks& tasks)
    : job_(job),
      plan_(plan),
      executable_(executable),
      slurm_(slurm),
      arrays_(arrays),
      tasks_(tasks),
      options_(job.slurm.value()),
      packing_(options_.pack, job.jobs, limit_of(options_)) {}

void Submission::learn(const Inventory& inventory) {
  for (const Step& step : plan_.steps)
    if (const auto record = inventory.records.find(step.row.id); record != inventory.records.end())
      packing_.learn(record->second.seconds);
  if (packing_.knows_enough(plan_.steps.size())) return;
  for (const auto& [id, record] : inventory.records) packing_.learn(record.seconds);  // of an earlier stage
}

int Submission::processors_of_task() const {
  const std::int64_t processors = std::int64_t{job_.jobs} * most_threads(job_.combinations);
  if (processors > std::numeric_limits<int>::max())
    throw records::UsageError(
        fmt::format("--jobs: {} runs at a time of {} threads: expected fewer processors of a task", job_.jobs,
                    most_threads(job_.combinations)));
  return static_cast<int>(processors);
}

std::vector<WaitingRun> Submission::take_due(std::vector<WaitingRun>& waiting) const {
  const auto now = Clock::now();
  const auto due =
      std::stable_partition(waiting.begin(), waiting.end(), [&](const WaitingRun& run) { return run.from > now; });
  std::vector<WaitingRun> taken(due, waiting.end());
  waiting.erase(due, waiting.end());
  return taken;
}

bool Submission::waits_for_trial() const {
  return trying_ && !tasks_.empty() && !packing_.knows_enough(plan_.steps.size());
}

void Submission::submit(std::vector<WaitingRun>& waiting) {
  trying_ = false;
  if (!limit_)
    largest_ = limit_.emplace(
        static_cast<std::size_t>(options_.largest_array ? options_.largest_array : slurm_.largest_array()));
  if (!places_) places_ = static_cast<std::size_t>(slurm_.processors(options_.partition) / processors_of_task());
  std::vector<WaitingRun> due = take_due(waiting);
  if (!packing_.knows_enough(due.size())) {
    // Some of each part: what a run takes depends on its options.
    const std::size_t stride = due.size() / Packing::trial;
    std::vector<WaitingRun> first;
    for (std::size_t i = 0; i < due.size(); ++i) {
      const bool chosen = i % stride == 0 && first.size() < Packing::trial;
      (chosen ? first : waiting).push_back(due[i]);
    }
    for (WaitingRun& run : first) run.alone = true;
    due = std::move(first);
    trying_ = true;
  }
  std::vector<TaskRuns> tasks = pack(due);
  while (!tasks.empty()) {
    const auto end = tasks.begin() + static_cast<std::ptrdiff_t>(std::min(largest_, tasks.size()));
    const std::vector<TaskRuns> array(tasks.begin(), end);
    try {
      submit_array(array);
      largest_ = std::min(*limit_, 2 * largest_);
    } catch (const SlurmTrouble&) {
      // Fewer may be taken than all at once.
      largest_ = std::max<std::size_t>(1, array.size() / 2);
      for (auto rest = end; rest != tasks.end(); ++rest)
        for (const std::size_t run : *rest) waiting.push_back({run, Clock::now(), rest->size() == 1});
      throw;
    }
    tasks.erase(tasks.begin(), end);
  }
}

std::vector<Submission::TaskRuns> Submission::pack(const std::vector<WaitingRun>& due) {
  const std::size_t most = packing_.runs_of_task(due.size(), *places_);
  std::vector<TaskRuns> tasks;
  TaskRuns together;
  const auto close = [&] {
    if (!together.empty()) tasks.push_back(std::exchange(together, {}));
  };
  for (const WaitingRun& run : due) {
    if (run.alone) {
      tasks.push_back({run.index});
    } else {
      together.push_back(run.index);
      if (together.size() == most) close();
    }
  }
  close();
  return tasks;
}

std::vector<std::string> Submission::options(const JobArray& array) const {
  // None of them may be said by the user again (launcher_options.cpp).
  std::vector<std::string> options = {"--job-name=" + array.name,
                                      "--comment=" + fs::absolute(job_.output).lexically_normal().string(),
                                      fmt::format("--array=0-{}", array.tasks.size() - 1),
                                      "--chdir=" + arrays_.folder(array.name).string(),
                                      "--output=%a.log",
                                      "--open-mode=append",
                                      "--requeue",
                                      fmt::format("--signal=B:USR1@{}", lead_before(limit_of(options_)).count()),
                                      "--nodes=1",
                                      "--ntasks=1",
                                      fmt::format("--cpus-per-task={}", processors_of_task())};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) options.push_back(fmt::format("--{}={}", name, value));
  };
  add("partition", options_.partition);
  add("time", options_.time);
  add("account", options_.account);
  add("mem", options_.memory);
  add("constraint", options_.constraint);
  options.insert(options.end(), options_.more.begin(), options_.more.end());
  return options;
}

// It becomes the sweep, so that Slurm's signals are the sweep's.
std::string Submission::script(const JobArray& array) {
  if (tool_.empty()) tool_ = kept_copy(job_.output, read_executable(fs::read_symlink("/proc/self/exe")));
  return fmt::format("#!/bin/sh\nexport GRADUS_SWEEP_GRACE=\"${{GRADUS_SWEEP_GRACE:-{}}}\"\nexec {}\n",
                     lead_before(limit_of(options_)).count() / 2,
                     shell_text({fs::absolute(tool_).string(), "slurm-task",
                                 fs::absolute(job_.output).lexically_normal().string(), array.name}));
}

void Submission::submit_array(const std::vector<TaskRuns>& tasks) {
  JobArray& array = arrays_.add();
  const fs::path folder = arrays_.folder(array.name);
  array.build = job_.build;
  records::write_file(folder / asked_file, job_.asked_now.value().text());
  for (std::size_t number = 0; number < tasks.size(); ++number) {
    keep_share(job_, plan_, tasks[number], executable_, plan_of_task(folder, static_cast<int>(number)));
    std::vector<std::string>& ids = array.tasks.emplace_back();
    for (const std::size_t run : tasks[number]) ids.push_back(plan_.steps[run].row.id);
  }
  // Before Slurm has it: whatever happens now, the queue tells of it by its name.
  arrays_.write();
  for (std::size_t number = 0; number < tasks.size(); ++number)
    tasks_.add(array, static_cast<int>(number), tasks[number]);
  try {
    array.job = slurm_.submit(options(array), script(array));
  } catch (const SlurmTrouble& trouble) {
    if (trouble.kind != SlurmTrouble::Kind::refused) throw;
    const std::string name = array.name;
    tasks_.all().remove_if([&](const WaitedTask& task) { return task.array == name; });
    arrays_.remove(name);
    arrays_.write();
    throw;
  }
  arrays_.write();
  if (job_.quiet) return;
  records::put(fmt::format("Slurm's job {}: {} tasks\n", array.job, tasks.size()));
  std::fflush(stdout);  // what follows may take days
}

}  // namespace gradus::sweep
