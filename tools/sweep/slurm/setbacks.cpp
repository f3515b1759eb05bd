#include "tools/sweep/slurm/setbacks.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "experiments/records/checkpoint.h"
#include "experiments/records/program.h"
#include "experiments/records/text.h"
#include "tools/sweep/last_line.h"
#include "tools/sweep/slurm/job_arrays.h"

namespace gradus::sweep {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int most_setbacks = 1000;  // of a run, each with another step or reason than the one before
constexpr int most_losses = 10;      // of a run that was not begun

std::string ended_text(const WaitedTask& task, const std::filesystem::path& log) {
  const std::string line = last_line(log);
  return fmt::format("its task has ended in Slurm{}{}{}", task.ending.empty() ? "" : ": ", task.ending,
                     line.empty() ? "" : "; last line: " + line);
}

}  // namespace

Setbacks::Setbacks(const Job& job, const SweepPlan& plan, Claims& claims, OpenRuns& runs)
    : job_(job), plan_(plan), claims_(claims), open_(runs), retries_(std::max(most_setbacks, job.limits.retries)) {}

std::vector<WaitingRun> Setbacks::judge(const WaitedTask& task, const std::filesystem::path& array, bool submitted) {
  const std::filesystem::path log = log_of_task(array, task.number);
  std::error_code none;
  const bool began = std::filesystem::exists(log, none);
  const std::optional<TaskEnd> end = TaskEnd::read(left_by_task(array, task.number));
  std::vector<WaitingRun> waiting;
  for (const std::size_t run : task.runs) {
    const std::string& id = plan_.steps[run].row.id;
    const auto keep = [&](std::optional<WaitingRun> again) {
      if (again) waiting.push_back(*again);
    };
    if (!submitted) {
      waiting.push_back({run, Clock::now()});
      continue;
    }
    if (task.ending == "CANCELLED" || (task.taken_out && !began)) {
      open_.stop(run, "cancelled in Slurm's queue");
      continue;
    }
    LeftRun left{id, LeftRun::How::interrupted, ended_text(task, log)};
    if (end) {
      const auto told =
          std::find_if(end->runs.begin(), end->runs.end(), [&](const LeftRun& one) { return one.id == id; });
      if (told != end->runs.end()) left = *told;
    }
    if (left.how == LeftRun::How::not_begun || (!began && !end))
      keep(lost(run));
    else if (end && end->limit_is_near)
      keep(again(run,
                 // What it logs until then differs from go to go: a checkpoint tells whether it comes further.
                 {records::exit_stopped, "does not come further within the limit of time: " + left.reason,
                  records::checkpoint_step(job_.output / id)},
                 left.how));
    else
      keep(again(run, setback_in(job_.output / id, records::exit_failed, left.reason), left.how));
  }
  return waiting;
}

// It had no chance: that is not its failure.
std::optional<WaitingRun> Setbacks::lost(std::size_t run) {
  if (++losses_[run] <= most_losses) return WaitingRun{run, Clock::now()};
  fail(run, {records::exit_failed, fmt::format("Slurm has lost its task {} times", most_losses)});
  return std::nullopt;
}

std::optional<WaitingRun> Setbacks::again(std::size_t run, Setback setback, LeftRun::How how) {
  if (how == LeftRun::How::stopped) {  // the sweep on the node has tried again as often as was asked for
    open_.stop(run, setback.reason);
    return std::nullopt;
  }
  if (const auto pause = retries_.after(run, setback)) return WaitingRun{run, Clock::now() + *pause, true};
  if (how == LeftRun::How::left_alone)
    open_.leave(run, setback.reason);
  else
    fail(run, setback);
  return std::nullopt;
}

// Where others see it too.
void Setbacks::fail(std::size_t run, const Setback& setback) {
  const Failure failure{setback.code, setback.reason + " (twice)"};
  auto taken = claims_.take(plan_.steps[run].row.id);
  if (auto* claim = std::get_if<Claim>(&taken)) claim->fail(failure);
  if (const auto* busy = std::get_if<Busy>(&taken))
    open_.leave(run, fmt::format("{}; {} has it", failure.reason, busy->owner));
  else
    open_.fail(run, failure);
}

void Setbacks::tell_log(const std::filesystem::path& array, int task) {
  constexpr std::string_view mark = "sweep: ";
  constexpr int most = 20;
  std::ifstream log(log_of_task(array, task));
  int count = 0;
  for (std::string line; count < most && std::getline(log, line);)
    if (line.starts_with(mark)) {
      open_.note(records::printable(std::string_view(line).substr(mark.size())));
      ++count;
    }
}

}  // namespace gradus::sweep
