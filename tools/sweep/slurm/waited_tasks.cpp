#include "tools/sweep/slurm/waited_tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "tools/sweep/patience.h"
#include "tools/sweep/values.h"

namespace gradus::sweep {
namespace {

// Why a task waits that will come to its turn.
constexpr std::array<std::string_view, 10> usual_reasons = {"None",        "Priority", "Resources", "BeginTime",
                                                            "Dependency",  "Licenses", "Prolog",    "JobArrayTaskLimit",
                                                            "Reservation", "Cleaning"};

constexpr const char* launch_failed = "launch failed requeued held";

// Of "Resources,JobHeldUser" what is unusual; empty where nothing is.
std::string hindrance_in(const std::string& reasons) {
  std::string unusual;
  for (const std::string& part : split(reasons, ',')) {
    const std::string reason(trim(part));
    if (std::find(usual_reasons.begin(), usual_reasons.end(), reason) != usual_reasons.end()) continue;
    unusual += (unusual.empty() ? "" : ", ") + reason;
  }
  return unusual;
}

}  // namespace

int WaitedTasks::running() const {
  return static_cast<int>(
      std::count_if(tasks_.begin(), tasks_.end(), [](const WaitedTask& task) { return task.runs_now(); }));
}

int WaitedTasks::queued() const {
  return static_cast<int>(
      std::count_if(tasks_.begin(), tasks_.end(), [](const WaitedTask& task) { return !task.gone; }));
}

void WaitedTasks::add(const JobArray& array, int number, std::vector<std::size_t> runs) {
  tasks_.push_back({array.name, number, std::move(runs)});
}

const QueuedTasks* WaitedTasks::find(const std::string& array, int number) const {
  const auto queued = queue_.find(array);
  if (queued == queue_.end()) return nullptr;
  for (const QueuedTasks& tasks : queued->second)
    if (tasks.first <= number && number <= tasks.last) return &tasks;
  return nullptr;
}

void WaitedTasks::look(Slurm& slurm) {
  std::vector<std::string> names;
  for (const JobArray& array : arrays_.all()) names.push_back(array.name);
  std::map<std::string, std::vector<QueuedTasks>> queue;
  for (QueuedTasks& tasks : slurm.queue(names)) queue[tasks.name].push_back(std::move(tasks));
  queue_ = std::move(queue);

  bool learned = false;
  for (JobArray& array : arrays_.all())
    if (const auto found = queue_.find(array.name); found != queue_.end() && array.job == 0) {
      array.job = found->second.front().job;
      learned = true;
    }
  if (learned) arrays_.write();

  std::set<std::string> ended;
  for (WaitedTask& task : tasks_) {
    if (const QueuedTasks* found = find(task.array, task.number)) {
      task.state = found->state;
      if (task.state != "PENDING" || !hindrance_in(found->reason).empty()) task.has_begun = true;
      if (!task.gone) continue;
      task.gone.reset();  // it is back
      task.is_asked_about = task.taken_out = false;
      task.ending.clear();
    } else {
      if (!task.gone) task.gone = std::chrono::steady_clock::now();
      if (!task.is_asked_about) ended.insert(task.array);  // also where Slurm did not answer the last time
    }
  }
  ask_how_they_ended(slurm, ended);
}

void WaitedTasks::ask_how_they_ended(Slurm& slurm, const std::set<std::string>& arrays) {
  for (const std::string& name : arrays) {
    const std::int64_t job = arrays_.at(name).job;
    if (job == 0) continue;  // nor is there anything to ask about
    const std::vector<QueuedTasks> whole = slurm.whole(job, name);
    for (WaitedTask& task : tasks_) {
      if (task.array != name || !task.gone) continue;
      task.is_asked_about = true;
      if (!task.ending.empty()) continue;
      for (const QueuedTasks& told : whole)
        if (told.first <= task.number && task.number <= told.last) task.ending = told.state;
      task.taken_out = task.ending.empty() && !whole.empty();
    }
  }
}

void WaitedTasks::take_out_unbegun(Slurm& slurm) {
  std::vector<std::string> numbers;
  for (WaitedTask& task : tasks_)
    if (const QueuedTasks* found = find(task.array, task.number); found != nullptr && found->reason == launch_failed) {
      numbers.push_back(fmt::format("{}_{}", found->job, task.number));
      task.ending = launch_failed;
    }
  slurm.cancel(numbers, true);
}

void WaitedTasks::take_out(Slurm& slurm, Signals& signals, Removal removal) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  const auto left = [&] { return removal.whose == Whose::all ? jobs() : own_jobs(); };
  for (look(slurm); !left().empty() && std::chrono::steady_clock::now() < deadline; look(slurm)) {
    slurm.cancel(left(), removal.only_waiting);
    if (signals.wait(std::min<std::chrono::milliseconds>(queue_interval(), std::chrono::milliseconds(500)))) return;
  }
}

std::set<std::string> WaitedTasks::hindrances() const {
  std::set<std::string> reasons;
  for (const auto& [name, queued] : queue_)
    for (const QueuedTasks& tasks : queued)
      if (const std::string reason = hindrance_in(tasks.reason); tasks.state == "PENDING" && !reason.empty())
        reasons.insert(reason);
  return reasons;
}

std::vector<std::string> WaitedTasks::finished_arrays() const {
  std::vector<std::string> names;
  for (const JobArray& array : arrays_.all()) {
    const bool waited =
        std::any_of(tasks_.begin(), tasks_.end(), [&](const WaitedTask& task) { return task.array == array.name; });
    if (!waited && !queue_.contains(array.name)) names.push_back(array.name);
  }
  return names;
}

std::vector<std::string> WaitedTasks::jobs() const {
  std::vector<std::string> numbers;
  for (const auto& [name, queued] : queue_) numbers.push_back(fmt::to_string(queued.front().job));
  return numbers;
}

std::vector<std::string> WaitedTasks::own_jobs(const std::set<std::string>& but) const {
  std::vector<std::string> numbers;
  for (const auto& [name, queued] : queue_) {
    if (but.contains(name)) continue;
    const auto others = others_.find(name);
    if (others == others_.end()) {
      numbers.push_back(fmt::to_string(queued.front().job));
      continue;
    }
    for (const QueuedTasks& tasks : queued)
      for (int number = tasks.first; number <= tasks.last; ++number)
        if (!others->second.contains(number)) numbers.push_back(fmt::format("{}_{}", tasks.job, number));
  }
  return numbers;
}

}  // namespace gradus::sweep
