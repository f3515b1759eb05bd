#include "tools/sweep/slurm/launcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "experiments/records/completion.h"
#include "experiments/records/program.h"
#include "tools/sweep/attempt.h"
#include "tools/sweep/patience.h"
#include "tools/sweep/slurm/open_runs.h"
#include "tools/sweep/slurm/patient_talk.h"
#include "tools/sweep/slurm/setbacks.h"
#include "tools/sweep/slurm/submission.h"
#include "tools/sweep/slurm/waited_tasks.h"

namespace gradus::sweep {
namespace {

using Clock = std::chrono::steady_clock;

class SlurmLauncher {
 public:
  SlurmLauncher(const Job& job, const SweepPlan& plan, const Inventory& inventory,
                const std::filesystem::path& executable, const Surroundings& surroundings)
      : job_(job),
        plan_(plan),
        inventory_(inventory),
        claims_(surroundings.claims),
        cancellation_(surroundings.cancellation),
        signals_(surroundings.signals),
        slurm_(surroundings.children, signals_),
        arrays_(job.output),
        tasks_(arrays_),
        open_(job, plan),
        submission_(job, plan, executable, slurm_, arrays_, tasks_),
        setbacks_(job, plan, claims_, open_) {
    submission_.learn(inventory);
    for (const Step& step : plan.steps) planned_.insert(step.row.id);
  }

  Outcome run() {
    try {
      while (!is_over() && !interrupted_) {
        pass();
        interrupted_ = signals_.wait(std::chrono::milliseconds(200));
        if (cancellation_.asked()) {
          cancel();
          interrupted_ = true;
        }
      }
    } catch (const records::Interrupted&) {
      interrupted_ = true;
    }
    if (!interrupted_) empty_queue();
    if (interrupted_ && tasks_.queued() > 0)
      open_.ledger().warn(fmt::format(
          "{} tasks stay in Slurm's queue: the same command goes on with them, `sweep cancel {}` takes them "
          "out",
          tasks_.queued(), job_.output.string()));
    remove_finished_arrays();
    return open_.outcome(interrupted_);
  }

 private:
  bool is_over() const { return begun_ && waiting_.empty() && tasks_.empty(); }

  void pass() {
    if (Clock::now() >= next_look_) look();
    if (begun_) submit();
    open_.ledger().save_now_and_then();
    open_.ledger().show(tasks_.running());
  }

  void say(const std::string& line, std::string& last) {
    if (line == last) return;
    last = line;
    open_.ledger().warn(line);
  }

  void look() {
    next_look_ = Clock::now() + queue_interval();
    if (!looks_.done([&] { tasks_.look(slurm_); })) return;
    if (!begun_) return begin();
    removals_.done([&] { tasks_.take_out_unbegun(slurm_); });
    const std::map<std::string, Failure> failures = Claims::failures(job_.output);
    const auto begin = Clock::now();
    const bool all = begin >= next_results_;
    for (auto task = tasks_.all().begin(); task != tasks_.all().end();) {
      if (task->gone || (all && task->has_begun)) take_results(*task, failures);
      // What only waits, and for nothing, is taken out of the queue in the end.
      const bool over = task->gone || (task->state == "PENDING" && task->has_begun);
      if (over && (task->runs.empty() || (task->gone && is_settled(*task)))) {
        if (!task->runs.empty()) judge(*task);
        setbacks_.tell_log(arrays_.folder(task->array), task->number);
        task = tasks_.all().erase(task);
      } else {
        ++task;
      }
    }
    // For who watches: at most a fiftieth of the time.
    if (all) next_results_ = Clock::now() + 50 * (Clock::now() - begin);
    for (const std::string& reason : tasks_.hindrances()) {
      std::string& last = hindrances_[reason];
      say(fmt::format("tasks wait in Slurm's queue: {}", reason), last);
    }
    if (open_.ledger().begins_no_more()) give_up();
    remove_finished_arrays();
  }

  // What earlier sweeps have left in the queue is waited for, and the rest is to be submitted.
  void begin() {
    if (!take_out_obsolete()) return;
    std::unordered_map<std::string, std::size_t> missing;
    for (const std::size_t run : open_.all()) missing.emplace(plan_.steps[run].row.id, run);
    for (const JobArray& array : arrays_.all()) {
      if (array.build != job_.build) continue;
      for (std::size_t number = 0; number < array.tasks.size(); ++number) {
        if (!tasks_.is_queued(array.name, static_cast<int>(number))) continue;
        std::vector<std::size_t> runs;
        for (const std::string& id : array.tasks[number])
          if (const auto found = missing.find(id); found != missing.end() && !inventory_.failures.contains(id)) {
            runs.push_back(found->second);
            missing.erase(found);
          }
        if (!runs.empty()) tasks_.add(array, static_cast<int>(number), std::move(runs));
      }
    }
    if (!tasks_.empty())
      open_.ledger().warn(
          fmt::format("{} tasks of an earlier command are in Slurm's queue: waits for them", tasks_.queued()));
    for (const std::size_t run : open_.all())
      if (missing.contains(plan_.steps[run].row.id)) {
        forget_failure(plan_.steps[run].row.id);
        waiting_.push_back({run, Clock::now(), false});
      }
    begun_ = true;
    remove_finished_arrays();
  }

  // Those of this sweep's tasks that run another build; also learns which tasks are other commands'. False where it is
  // to be tried again.
  bool take_out_obsolete() {
    std::set<std::string> current;
    for (const JobArray& array : arrays_.all()) {
      if (array.build == job_.build) current.insert(array.name);
      for (std::size_t number = 0; number < array.tasks.size(); ++number)
        if (!is_ours(array.tasks[number])) tasks_.is_others(array.name, static_cast<int>(number));
    }
    const std::vector<std::string> obsolete = tasks_.own_jobs(current);
    if (!removals_.done([&] { slurm_.cancel(obsolete, false); })) return false;
    if (!obsolete.empty())
      open_.ledger().warn("jobs of another build of the program were in Slurm's queue, and were cancelled");
    return true;
  }

  bool is_ours(const std::vector<std::string>& ids) const {
    return std::all_of(ids.begin(), ids.end(), [&](const std::string& id) { return planned_.contains(id); });
  }

  // What failed before is to be tried again: for the tasks, a claim that tells of a failure is of this sweep
  // (FailedRuns::keep_new).
  void forget_failure(const std::string& id) {
    if (!inventory_.failures.contains(id)) return;
    auto taken = claims_.take(id);
    if (auto* claim = std::get_if<Claim>(&taken)) claim->release();
  }

  void take_results(WaitedTask& task, const std::map<std::string, Failure>& failures) {
    // A file system on the network shows what is new to who opens the folder.
    std::error_code none;
    std::filesystem::directory_iterator(job_.output, none);
    std::erase_if(task.runs, [&](std::size_t run) {
      const Step& step = plan_.steps[run];
      const bool is_new = std::filesystem::exists(job_.output / step.row.id / records::completion_file, none);
      if (const auto record = is_new ? result_of(job_, step) : std::nullopt) {
        open_.finish(run, *record);
        submission_.learn(record->seconds);
        return true;
      }
      const auto failure = failures.find(step.row.id);
      if (failure != failures.end()) open_.fail(run, failure->second);
      return failure != failures.end();
    });
  }

  // What it has written may be seen here a while later.
  static bool is_settled(const WaitedTask& task) { return Clock::now() - *task.gone >= 2 * queue_interval(); }

  void judge(const WaitedTask& task) {
    if (open_.ledger().begins_no_more()) {
      for (const std::size_t run : task.runs) open_.give_up(run, task.has_begun || setbacks_.has_tried(run));
      return;
    }
    const bool submitted = arrays_.at(task.array).job != 0;
    for (const WaitingRun& again : setbacks_.judge(task, arrays_.folder(task.array), submitted))
      waiting_.push_back(again);
  }

  void submit() {
    if (waiting_.empty() || Clock::now() < next_submission_) return;
    if (submission_.waits_for_trial()) return;
    if (!submissions_.done([&] { submission_.submit(waiting_); }))
      next_submission_ = Clock::now() + 2 * queue_interval();
  }

  // What has not been begun is not begun.
  void give_up() {
    for (const WaitingRun& run : waiting_) open_.give_up(run.index, setbacks_.has_tried(run.index));
    waiting_.clear();
    removals_.done([&] { slurm_.cancel(tasks_.own_jobs(), true); });
  }

  void cancel() {
    take_out({false, WaitedTasks::Whose::all});
    const std::map<std::string, Failure> failures = Claims::failures(job_.output);
    for (WaitedTask& task : tasks_.all()) take_results(task, failures);
    if (tasks_.jobs().empty()) tasks_.all().clear();
  }

  // Tasks whose runs have a result may be there still: Slurm has lost sight of one, and puts it back.
  void empty_queue() {
    if (!take_out({true, WaitedTasks::Whose::own}))
      open_.note(fmt::format("tasks that have nothing to do may be in Slurm's queue: `sweep cancel {}` takes them out",
                             job_.output.string()));
  }

  // Where the controller is away, a minute at most, and not after a signal. Returns whether it was done.
  bool take_out(WaitedTasks::Removal removal) {
    const auto deadline = Clock::now() + std::min<Clock::duration>(std::chrono::minutes(1), slurm_patience());
    try {
      while (!removals_.done([&] { tasks_.take_out(slurm_, signals_, removal); }))
        if (Clock::now() > deadline || is_interrupted_in(std::min(queue_interval(), std::chrono::milliseconds(2000))))
          return false;
      return true;
    } catch (const records::Interrupted&) {
      interrupted_ = true;
      return false;
    } catch (const SlurmTrouble& trouble) {
      open_.note(trouble.what());
      return false;
    }
  }

  bool is_interrupted_in(std::chrono::milliseconds time) {
    if (signals_.wait(time)) interrupted_ = true;
    return interrupted_;
  }

  void remove_finished_arrays() {
    if (!begun_) return;
    const std::vector<std::string> names = tasks_.finished_arrays();
    for (const std::string& name : names) arrays_.remove(name);
    if (!names.empty()) arrays_.write();
  }

  const Job& job_;
  const SweepPlan& plan_;
  const Inventory& inventory_;
  Claims& claims_;
  Cancellation& cancellation_;
  Signals& signals_;
  Slurm slurm_;
  JobArrays arrays_;
  WaitedTasks tasks_;
  OpenRuns open_;
  Submission submission_;
  Setbacks setbacks_;
  std::vector<WaitingRun> waiting_;  // to be submitted
  bool begun_ = false;               // it is known what is in the queue already
  bool interrupted_ = false;
  std::unordered_set<std::string> planned_;
  const std::function<void(const std::string&)> warn_ = [this](const std::string& line) { open_.ledger().warn(line); };
  PatientTalk looks_{warn_}, submissions_{warn_}, removals_{warn_};
  std::map<std::string, std::string> hindrances_;  // with the line that was said of each
  Clock::time_point next_look_ = Clock::now(), next_results_ = Clock::now(), next_submission_ = Clock::now();
};

}  // namespace

Outcome run_on_slurm(const Job& job, const SweepPlan& plan, const Inventory& inventory,
                     const std::filesystem::path& executable, const Surroundings& surroundings) {
  return SlurmLauncher(job, plan, inventory, executable, surroundings).run();
}

}  // namespace gradus::sweep
