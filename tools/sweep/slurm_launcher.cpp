#include "tools/sweep/slurm_launcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "experiments/records/completion.h"
#include "experiments/records/program.h"
#include "tools/sweep/attempt.h"
#include "tools/sweep/cancellation.h"
#include "tools/sweep/ledger.h"
#include "tools/sweep/patience.h"
#include "tools/sweep/setbacks.h"
#include "tools/sweep/submission.h"
#include "tools/sweep/waited_tasks.h"

namespace gradus::sweep {
namespace {

using Clock = std::chrono::steady_clock;

class SlurmLauncher {
 public:
  SlurmLauncher(const Job& job, const SweepPlan& plan, const Inventory& inventory,
                const std::filesystem::path& executable, Claims& claims, Children& children, Signals& signals)
      : job_(job),
        plan_(plan),
        inventory_(inventory),
        claims_(claims),
        signals_(signals),
        slurm_(children, signals),
        arrays_(job.output),
        tasks_(arrays_),
        ledger_(job, plan),
        submission_(job, plan, executable, slurm_, arrays_, tasks_),
        setbacks_(job, plan, claims, ledger_),
        progress_(job.quiet),
        cancellation_(job.output) {
    submission_.learn(inventory);
    for (const Step& step : plan.steps) planned_.insert(step.row.id);
  }

  Outcome run() {
    bool interrupted = false;
    try {
      while (!is_over() && !interrupted) {
        pass();
        interrupted = signals_.wait(std::chrono::milliseconds(200));
        if (cancellation_.asked()) {
          cancel();
          interrupted = true;
        }
      }
    } catch (const records::Interrupted&) {
      interrupted = true;
    }
    progress_.clear();
    if (!interrupted) empty_queue();
    if (interrupted && tasks_.queued() > 0)
      records::complain("sweep", fmt::format("{} tasks stay in Slurm's queue: the same command goes on with them, "
                                             "`sweep cancel {}` takes them out",
                                             tasks_.queued(), job_.output.string()));
    remove_finished_arrays();
    return ledger_.outcome(interrupted);
  }

 private:
  bool is_over() const { return begun_ && waiting_.empty() && tasks_.empty(); }

  void pass() {
    if (Clock::now() >= next_look_) look();
    if (begun_) submit();
    ledger_.save_now_and_then();
    Counts counts = ledger_.counts();
    counts.running = tasks_.running();
    progress_.show(counts);
  }

  // Slurm's trouble that may pass is said once, until it has passed.
  template <class Call>
  bool with_patience(const Call& call) {
    try {
      call();
      trouble_.clear();
      return true;
    } catch (const SlurmTrouble& trouble) {
      if (!trouble.may_pass) throw;
      say(trouble.what() + std::string(": waits for it"), trouble_);
      return false;
    }
  }

  void say(const std::string& line, std::string& last) {
    if (line == last) return;
    last = line;
    progress_.clear();
    records::complain("sweep", line);
  }

  void look() {
    next_look_ = Clock::now() + queue_interval();
    if (!with_patience([&] { tasks_.look(slurm_); })) return;
    if (!begun_) return begin();
    with_patience([&] { tasks_.take_out_unbegun(slurm_); });
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
    if (ledger_.too_many_failed()) give_up();
    remove_finished_arrays();
  }

  // What earlier sweeps have left in the queue is waited for, and the rest is to be submitted.
  void begin() {
    std::unordered_map<std::string, std::size_t> missing;
    for (const std::size_t run : ledger_.open()) missing.emplace(plan_.steps[run].row.id, run);
    std::set<std::string> current;
    for (const JobArray& array : arrays_.all()) {
      if (array.build != job_.build) continue;
      current.insert(array.name);
      for (std::size_t number = 0; number < array.tasks.size(); ++number) {
        if (!tasks_.is_queued(array.name, static_cast<int>(number))) continue;
        if (!is_ours(array.tasks[number])) others_.insert(array.name);
        std::vector<std::size_t> runs;
        for (const std::string& id : array.tasks[number])
          if (const auto found = missing.find(id); found != missing.end() && !inventory_.failures.contains(id)) {
            runs.push_back(found->second);
            missing.erase(found);
          }
        if (!runs.empty()) tasks_.add(array, static_cast<int>(number), std::move(runs));
      }
    }
    if (const std::vector<std::string> obsolete = tasks_.jobs(current); !obsolete.empty()) {
      slurm_.cancel(obsolete, false);
      records::complain("sweep", "jobs of another build of the program were in Slurm's queue, and were cancelled");
    }
    if (!tasks_.empty())
      records::complain(
          "sweep", fmt::format("{} tasks of an earlier command are in Slurm's queue: waits for them", tasks_.queued()));
    for (const std::size_t run : ledger_.open())
      if (missing.contains(plan_.steps[run].row.id)) {
        forget_failure(plan_.steps[run].row.id);
        waiting_.push_back({run, Clock::now(), false});
      }
    begun_ = true;
    remove_finished_arrays();
  }

  bool is_ours(const std::vector<std::string>& ids) const {
    return std::any_of(ids.begin(), ids.end(), [&](const std::string& id) { return planned_.contains(id); });
  }

  // What failed before is to be tried again: for the tasks, a failure is one of this sweep.
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
        ledger_.finish(run, *record);
        submission_.learn(record->seconds);
        return true;
      }
      const auto failure = failures.find(step.row.id);
      if (failure == failures.end()) return false;
      ledger_.fail(run, failure->second);
      progress_.note(fmt::format("failed {}: {}", step.row.id, failure->second.reason));
      return true;
    });
  }

  // What it has written may be seen here a while later.
  static bool is_settled(const WaitedTask& task) { return Clock::now() - *task.gone >= 2 * queue_interval(); }

  void judge(const WaitedTask& task) {
    if (ledger_.too_many_failed()) {
      for (const std::size_t run : task.runs) ledger_.give_up(run);
      return;
    }
    const bool submitted = arrays_.at(task.array).job != 0;
    for (const WaitingRun& again : setbacks_.judge(task, arrays_.folder(task.array), submitted))
      waiting_.push_back(again);
  }

  void submit() {
    if (waiting_.empty() || Clock::now() < next_submission_) return;
    if (!with_patience([&] { submission_.submit(waiting_); })) next_submission_ = Clock::now() + 2 * queue_interval();
  }

  // Too many runs have failed: what has not been begun is not begun.
  void give_up() {
    for (const WaitingRun& run : waiting_) ledger_.give_up(run.index);
    waiting_.clear();
    with_patience([&] { slurm_.cancel(tasks_.jobs(), true); });
  }

  void cancel() {
    constexpr auto patience = std::chrono::seconds(60);
    const auto deadline = Clock::now() + patience;
    do {
      tasks_.look(slurm_);
      slurm_.cancel(tasks_.jobs(), false);
    } while (!tasks_.jobs().empty() && Clock::now() < deadline && !signals_.wait(std::chrono::milliseconds(500)));
    const std::map<std::string, Failure> failures = Claims::failures(job_.output);
    for (WaitedTask& task : tasks_.all()) take_results(task, failures);
    if (tasks_.jobs().empty()) tasks_.all().clear();
  }

  // Tasks whose runs have a result may be there still: Slurm has lost sight of one, and puts it back.
  void empty_queue() {
    constexpr auto patience = std::chrono::seconds(60);
    const auto deadline = Clock::now() + patience;
    try {
      for (tasks_.look(slurm_); !tasks_.jobs(others_).empty() && Clock::now() < deadline; tasks_.look(slurm_)) {
        slurm_.cancel(tasks_.jobs(others_), true);
        if (signals_.wait(std::min<std::chrono::milliseconds>(queue_interval(), std::chrono::seconds(1)))) return;
      }
    } catch (const SlurmTrouble& trouble) {
      ledger_.note(trouble.what());
    }
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
  Signals& signals_;
  Slurm slurm_;
  JobArrays arrays_;
  WaitedTasks tasks_;
  Ledger ledger_;
  Submission submission_;
  Setbacks setbacks_;
  Progress progress_;
  Cancellation cancellation_;
  std::vector<WaitingRun> waiting_;  // to be submitted
  bool begun_ = false;               // it is known what is in the queue already
  std::set<std::string> others_;     // arrays with runs of other commands
  std::unordered_set<std::string> planned_;
  std::string trouble_;
  std::map<std::string, std::string> hindrances_;  // with the line that was said of each
  Clock::time_point next_look_ = Clock::now(), next_results_ = Clock::now(), next_submission_ = Clock::now();
};

}  // namespace

Outcome run_on_slurm(const Job& job, const SweepPlan& plan, const Inventory& inventory,
                     const std::filesystem::path& executable, Claims& claims, Children& children, Signals& signals) {
  return SlurmLauncher(job, plan, inventory, executable, claims, children, signals).run();
}

}  // namespace gradus::sweep
