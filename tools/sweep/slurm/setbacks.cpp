#include "tools/sweep/slurm/setbacks.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

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

// A go that ended so takes as long, or as much, the next time.
bool is_limit(const std::string& ending) {
  return ending == "TIMEOUT" || ending == "OUT_OF_MEMORY" || ending == "DEADLINE";
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
    const LeftRun* told = end ? end->find(id) : nullptr;
    const LeftRun::How how = told != nullptr ? told->how : LeftRun::How::interrupted;
    if (how == LeftRun::How::not_begun || (!began && !end)) {
      keep(lost(run));
      continue;
    }
    Setback setback = setback_of(job_, plan_.steps[run], records::exit_failed,
                                 told != nullptr ? told->reason : ended_text(task, log));
    if (end && end->limit_is_near) {
      setback.code = records::exit_stopped;
      setback.reason = "does not come further within the limit of time: " + setback.reason;
      if (told != nullptr) setback.step = told->step;
    }
    setback.at_limit = (end && end->limit_is_near) || is_limit(task.ending);
    keep(again(run, std::move(setback), how));
  }
  return waiting;
}

// It had no chance: that is not its failure.
std::optional<WaitingRun> Setbacks::lost(std::size_t run) {
  if (++losses_[run] <= most_losses) return WaitingRun{run, Clock::now(), false};
  fail(run, {records::exit_failed, fmt::format("Slurm has lost its task {} times", most_losses)});
  return std::nullopt;
}

std::optional<WaitingRun> Setbacks::again(std::size_t run, Setback setback, LeftRun::How how) {
  if (how == LeftRun::How::stopped) {  // the sweep on the node has tried again as often as was asked for
    open_.stop(run, setback.reason);
    return std::nullopt;
  }
  const Retries::Verdict verdict = retries_.after(run, setback);
  if (verdict.pause) return WaitingRun{run, Clock::now() + *verdict.pause, true};
  if (how == LeftRun::How::left_alone)
    open_.leave(run, setback.reason);
  else
    fail(run, {setback.code, setback.reason + (verdict.is_repeated ? " (twice)" : "")});
  return std::nullopt;
}

// Where others see it too.
void Setbacks::fail(std::size_t run, const Failure& failure) {
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
