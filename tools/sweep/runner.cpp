#include "tools/sweep/runner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <set>

#include "experiments/records/files.h"
#include "experiments/records/program.h"
#include "tools/sweep/attempt.h"
#include "tools/sweep/builds.h"
#include "tools/sweep/last_line.h"
#include "tools/sweep/patience.h"
#include "tools/sweep/pausing.h"
#include "tools/sweep/processors.h"
#include "tools/sweep/replacement.h"
#include "tools/sweep/retries.h"
#include "tools/sweep/shared_file.h"
#include "tools/sweep/shortage.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto look_again = std::chrono::milliseconds(500);  // at a run that another sweep works on
constexpr std::size_t most_held = 64;                        // to be tried again; each has a file open

// Who ends a sweep may tell each of its processes, in whatever order: Slurm, a terminal.
constexpr auto own_signal_patience = std::chrono::milliseconds(500);
bool is_sent_to_all(const ProcessEnd& ending) {
  return ending.kind == ProcessEnd::Kind::signalled &&
         (ending.value == SIGTERM || ending.value == SIGINT || ending.value == SIGHUP);
}

Environment environment_of(const Combination& combination) {
  const OptionValue* told = combination.find("threads");
  // A number that the sweep does not know the meaning of, 0 say, is the program's to judge.
  if (told != nullptr && !(told->json.is_number_integer() && told->json.get<std::int64_t>() > 0)) return {};
  return {fmt::format("OMP_NUM_THREADS={}", threads_of(combination))};
}

class Runner {
 public:
  Runner(const Job& job, const SweepPlan& plan, const Inventory& inventory, const fs::path& executable,
         const Surroundings& surroundings, Feeder* feeder)
      : job_(job),
        inventory_(inventory),
        feeder_(feeder),
        executable_(executable),
        known_digest_(known_digest(executable)),
        claims_(surroundings.claims),
        cancellation_(surroundings.cancellation),
        children_(surroundings.children),
        signals_(surroundings.signals),
        ledger_(job, plan),
        pausing_(job, plan),
        retries_(job.limits.retries) {
    for (const Step& step : plan.steps) add(step);
  }

  Outcome run() {
    ledger_.write_table();
    while (true) {
      start_what_is_due();
      if (const int done = ledger_.counts().done(); done != fed_at_) {
        feed();
        fed_at_ = done;
        continue;
      }
      if (running_.empty() && (interrupted_ || is_over())) break;
      wait_for({});
    }
    give_back_held();
    pausing_.conclude(ledger_.rows(), ledger_.counts(), interrupted_);
    if (pausing_.problem()) ledger_.problem(*pausing_.problem());
    ledger_.given_up(not_begun_, not_tried_again_);
    if (!not_pinned_.empty())
      ledger_.note(fmt::format("--pin: other sweeps of the folder had the processors of {} run{}", not_pinned_.size(),
                               not_pinned_.size() == 1 ? "" : "s"));
    return ledger_.outcome(interrupted_);
  }

 private:
  struct Waiting {
    std::size_t index;
    Clock::time_point from;  // when it is to be looked at
  };
  struct Held {  // to be tried again, and this sweep's meanwhile
    std::size_t index;
    Clock::time_point from;
    Attempt attempt;
  };
  struct Running {
    std::size_t index;
    Attempt attempt;
    bool resumed;
    std::vector<int> processors;
    std::optional<Clock::time_point> limit;  // when it is to be ended, and why
    bool over_time = false, lost = false;
  };

  // Waits until something happens, or one of these is ready, and does what is due then.
  void wait_for(std::span<pollfd> others) {
    ledger_.show(static_cast<int>(running_.size()));
    if (signals_.wait(until_next(), others) || (!interrupted_ && cancellation_.asked())) interrupt();
    if (interrupted_ && Clock::now() >= deadline_)
      for (const auto& [child, attempt] : running_) children_.end_at_once(child);
    watch_running();
    while (auto ended = children_.collect()) judge(ended->first, ended->second);
    ledger_.save_now_and_then();
  }

  // The second time it does not wait for the grace period.
  void interrupt() {
    deadline_ = interrupted_ ? Clock::now() : Clock::now() + grace_;
    if (!interrupted_)
      for (const auto& [child, running] : running_) children_.ask_to_end(child);
    interrupted_ = true;
  }

  void add(const Step& step) {
    const std::size_t index = ledger_.add(step);
    const bool to_run = step.action == Action::run || step.action == Action::rebuild || step.action == Action::wait;
    if (to_run && !pausing_.decides()) queue_.push_back({index, Clock::now()});
    if (step.action == Action::leave) pausing_.gave_up(index);
    if (step.action == Action::skip && inventory_.rebuilds.contains(step.row.id)) tidy(step.row);
  }

  // What is known by now of what was not known in the beginning.
  void feed() {
    const Meanwhile meanwhile = [this](std::span<pollfd> others) {
      start_what_is_due();
      wait_for(others);
      if (interrupted_) throw records::Interrupted{"interrupted"};
    };
    while (feeder_ != nullptr && !interrupted_) {
      try {
        const std::vector<Step> more = feeder_->more(ledger_.rows(), meanwhile);
        for (const Step& step : more) add(step);
        if (more.empty()) return;
      } catch (const std::exception& error) {
        ledger_.problem(error.what());
        feeder_ = nullptr;
      } catch (const records::Interrupted&) {
        if (!interrupted_) interrupt();
      }
    }
  }

  // What was to be tried again is another's to try.
  void give_back_held() {
    for (Held& held : held_) {
      held.attempt.claim().release();
      pausing_.gave_up(held.index);
    }
    held_.clear();
  }

  bool is_over() { return queue_.empty() && held_.empty() && pausing_.is_settled() && !has_learned_of_failures(); }

  // What waits at a rung may have gone on elsewhere, and failed, when it would not be promoted any more: it is no run
  // that was stopped early, and its setting is compared with none.
  bool has_learned_of_failures() {
    bool has_learned = false;
    for (const std::size_t index : pausing_.waiting()) try {
        if (const auto failure = claims_.failure_of(id_of(index))) {
          fail(index, failure->code, failure->reason);
          has_learned = true;
        }
      } catch (const records::SystemError& error) {
        ledger_.problem(error.what());
      }
    return has_learned;
  }

  bool has_room() const {
    return !interrupted_ && running_.size() < static_cast<std::size_t>(job_.jobs) && !shortage_.lasts();
  }

  // The system's trouble is not the run's, which stays pending.
  void could_not_start(std::size_t index, int error, const std::string& what) {
    if (!shortage_.passes(error, !running_.empty())) return leave(index, "could not be started: " + what);
    look_later(index);
  }

  void try_again_what_is_due() {
    for (auto held = held_.begin(); held != held_.end() && has_room();) {
      if (held->from > Clock::now()) {
        ++held;
        continue;
      }
      Held due = std::move(*held);
      held = held_.erase(held);
      if (due.attempt.claim().beat())
        launch(due.index, std::move(due.attempt), false);
      else
        look_later(due.index);  // another has taken it over
    }
  }

  void start_what_is_due() {
    if (ledger_.begins_no_more()) {
      if (ledger_.is_obstructed()) feeder_ = nullptr;
      not_begun_ += static_cast<int>(queue_.size() + held_.size() + pausing_.begin_no_more());
      not_tried_again_ += static_cast<int>(held_.size());
      queue_.clear();
      give_back_held();
    }
    try_again_what_is_due();
    if (held_.size() >= most_held) return;  // something is wrong that may pass
    std::size_t looked_at = 0;
    for (const std::size_t all = queue_.size(); looked_at < all; ++looked_at) {
      if (!has_room()) return;
      const Waiting next = queue_.front();
      queue_.pop_front();
      if (next.from > Clock::now())
        queue_.push_back(next);
      else
        start(next.index);
    }
    while (has_room()) {
      const auto next = pausing_.next();
      for (const std::size_t index : pausing_.ended_elsewhere())
        if (const auto record = result_of(job_, ledger_.step(index))) ledger_.finished(index, *record, {});
      if (!next) return;
      start(*next);
    }
  }

  std::chrono::milliseconds until_next() const {
    auto time = std::chrono::milliseconds(200);
    if (!has_room()) return time;
    const auto until = [&](Clock::time_point from) {
      time = std::clamp(std::chrono::ceil<std::chrono::milliseconds>(from - Clock::now()), std::chrono::milliseconds(1),
                        time);
    };
    for (const Held& held : held_) until(held.from);
    if (held_.size() < most_held)
      for (const Waiting& waiting : queue_) until(waiting.from);
    return time;
  }

  // Another sweep has it.
  void look_later(std::size_t index) {
    if (!pausing_.is_taken(index)) queue_.push_back({index, Clock::now() + look_again});
  }

  // What an earlier replacement of a run that counts has left; a result of another build is no leftover.
  void tidy(const RunRow& row) {
    if (!row.build.empty() && row.build != job_.build) return;
    try {
      const fs::path leftover = rebuild_folder(job_.output, row.id);
      if (!records::is_running(leftover)) records::remove_folder(leftover);
    } catch (const records::SystemError& error) {
      ledger_.problem(error.what());
    }
  }

  // The run is this sweep's, or has ended in the hands of another, or is to be looked at again.
  void start(std::size_t index) {
    const Step& step = ledger_.step(index);
    try {
      // Nothing is removed that has become a result since the plan was made.
      if (const auto record = result_of(job_, step)) {
        pausing_.came_back(index);
        return ledger_.finished(index, *record, {});
      }
      auto taken = claims_.take(step.row.id);
      if (std::holds_alternative<Busy>(taken)) return look_later(index);
      if (const auto* failure = std::get_if<Failure>(&taken)) return fail(index, failure->code, failure->reason);
      Attempt attempt(job_, step, std::move(std::get<Claim>(taken)));
      // Nor what has become one before the claim.
      if (const auto record = result_of(job_, step)) {
        attempt.claim().release();
        pausing_.came_back(index);
        return ledger_.finished(index, *record, {});
      }
      if (const auto record = attempt.finished())
        return settle(index, attempt, *record, records::exit_code_of(record->status));
      if (const std::string obstacle = attempt.obstacle(); !obstacle.empty()) {
        attempt.claim().release();
        return leave(index, obstacle);
      }
      launch(index, std::move(attempt), false);
    } catch (const records::SystemError& error) {
      could_not_start(index, error.code, error.what());
    }
  }

  // A script is run where it is: what it has become meanwhile would be recorded under the digest of before.
  bool was_replaced() {
    if (job_.told_build) return false;
    try {
      if (std::string now = records::InputFile(executable_).stamp(); now != stamp_) {
        if (records::sha256_of_file(executable_) != job_.build) return true;
        stamp_ = std::move(now);
      }
    } catch (const records::SystemError&) {
      // Starting it tells.
    }
    return false;
  }

  // `anew` although it might go on from a checkpoint.
  void launch(std::size_t index, Attempt attempt, bool anew) {
    const Combination& combination = *ledger_.step(index).combination;
    std::vector<int> processors;
    if (was_replaced()) {
      ledger_.obstruct(fmt::format("{}: was replaced while its runs went on", executable_.string()));
      attempt.claim().release();
      return look_later(index);
    }
    try {
      const bool resume = attempt.prepare(anew);
      const records::Descriptor log(attempt.log(), O_WRONLY | O_CREAT | O_APPEND | (resume ? 0 : O_TRUNC), 0644);
      if (job_.limits.pin) {
        processors = processors_.take(threads_of(combination), job_.output / claims_folder);
        if (processors.empty()) not_pinned_.insert(index);
      }
      Environment environment = environment_of(combination);
      environment.insert(environment.end(), known_digest_.begin(), known_digest_.end());
      const pid_t child = children_.start(
          {run_command(job_, executable_, combination, attempt.folder(), resume, pausing_.stop_at(index)),
           std::move(environment),
           -1,
           log.get(),
           log.get(),
           {attempt.claim().descriptor()},
           job_.limits.memory,
           processors});
      std::optional<Clock::time_point> limit;
      if (job_.limits.time) limit = Clock::now() + *job_.limits.time;
      running_.emplace(child, Running{index, std::move(attempt), resume, std::move(processors), limit});
    } catch (const records::SystemError& error) {
      processors_.give_back(processors);
      attempt.claim().release();
      could_not_start(index, error.code, error.what());
    }
  }

  // Ends what has run too long, and what another sweep has taken over.
  void watch_running() {
    const bool beat = Clock::now() >= next_beat_;
    if (beat) next_beat_ = Clock::now() + claim_patience() / 10;
    for (auto held = held_.begin(); beat && held != held_.end();) {
      const bool is_ours = held->attempt.claim().beat();
      if (!is_ours) look_later(held->index);
      held = is_ours ? std::next(held) : held_.erase(held);
    }
    for (auto& [child, running] : running_) {
      if (beat && !running.lost && !running.attempt.claim().beat()) {
        running.lost = true;
        children_.end_at_once(child);
      }
      if (!running.limit || Clock::now() < *running.limit) continue;
      if (running.over_time) {
        children_.end_at_once(child);
      } else {
        running.over_time = true;
        running.limit = Clock::now() + grace_;
        children_.ask_to_end(child);
      }
    }
  }

  bool is_told_to_end_too() {
    const auto deadline = Clock::now() + own_signal_patience;
    for (auto left = own_signal_patience; left.count() > 0;
         left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()))
      if (signals_.wait(left)) return true;
    return false;
  }

  void judge(pid_t child, const ProcessEnd& ending) {
    const auto found = running_.find(child);
    if (found == running_.end()) return;
    Running running = std::move(found->second);
    running_.erase(found);
    processors_.give_back(running.processors);
    const std::size_t index = running.index;
    Attempt& attempt = running.attempt;
    if (running.lost) return look_later(index);
    if (ending.kind == ProcessEnd::Kind::not_started) {
      attempt.claim().release();
      return could_not_start(index, ending.value,
                             fmt::format("{}: {}", executable_.string(), std::strerror(ending.value)));
    }
    shortage_.end();
    const int code = ending.kind == ProcessEnd::Kind::exited ? ending.value : 128 + ending.value;
    const RunRecord record = read_record(attempt.folder());
    if (record.is_result()) return settle(index, attempt, record, code);
    if (record.verdict == records::Verdict::unreadable) {
      attempt.claim().release();
      return leave(index, record.problem);
    }
    if (!interrupted_ && !running.over_time && is_sent_to_all(ending) && is_told_to_end_too()) interrupt();
    if (interrupted_) return suspend(index, attempt, Suspension::How::interrupted);
    if (pausing_.has_come_to_its_rung(index, code, attempt.folder())) return pause(index, attempt);
    const std::string line = last_line(attempt.log());
    if (running.resumed && ending.kind == ProcessEnd::Kind::exited && code == records::exit_usage) {
      ledger_.note(fmt::format("{} does not go on from its checkpoint, and is begun anew: {}", id_of(index), line));
      return launch(index, std::move(attempt), true);
    }
    const std::string reason = reason_of(running, ending, record, line);
    if (!running.over_time && may_pass(ending, code, line))
      if (const auto pause = retries_.after(index, setback_in(attempt.folder(), code, reason)).pause) {
        ledger_.say(fmt::format("again {} in {:.0f} s: {}", id_of(index), std::chrono::duration<double>(*pause).count(),
                                reason));
        held_.push_back({index, Clock::now() + *pause, std::move(attempt)});
        return;
      }
    if (code == records::exit_stopped && !running.over_time) {
      ++ledger_.counts().stopped;
      return suspend(index, attempt, Suspension::How::stopped);
    }
    attempt.claim().fail({code, reason});
    keep_log(attempt, false);
    fail(index, code, reason);
  }

  std::string reason_of(const Running& running, const ProcessEnd& ending, const RunRecord& record,
                        const std::string& line) const {
    const std::string said = line.empty() ? "" : "; last line: " + line;
    if (running.over_time)
      return fmt::format("ran longer than the time limit of {:g} s{}",
                         std::chrono::duration<double>(*job_.limits.time).count(), said);
    const std::string limit =
        job_.limits.memory ? fmt::format(", with a memory limit of {} MiB", *job_.limits.memory >> 20) : "";
    if (ending.kind != ProcessEnd::Kind::exited)
      return fmt::format("{}killed by signal {} ({}){}{}",
                         ending.kind == ProcessEnd::Kind::lost ? "its supervisor was " : "", ending.value,
                         ::strsignal(ending.value), limit, said);
    if (ending.value == 0) return fmt::format("exit code 0, but {}", record.problem);
    return line.empty() ? fmt::format("exit code {}, nothing in its log", ending.value) : line;
  }

  void pause(std::size_t index, Attempt& attempt) {
    keep_log(attempt, false);
    try {
      attempt.keep_pause();
    } catch (const records::SystemError& error) {
      ledger_.problem(error.what());
    }
    attempt.claim().release();
    pausing_.came_back(index);
    ledger_.rows()[index].reason = pausing_.account_of(index);
  }

  // It is pending, and may have a checkpoint.
  void suspend(std::size_t index, Attempt& attempt, Suspension::How how) {
    ledger_.suspended(index, how, attempt.folder());
    keep_log(attempt, false);
    attempt.claim().release();
    pausing_.gave_up(index);
  }

  void keep_log(const Attempt& attempt, bool has_result) {
    try {
      attempt.keep_log(has_result);
    } catch (const records::SystemError& error) {
      ledger_.problem(error.what());
    }
  }

  // A result comes to its place.
  void settle(std::size_t index, Attempt& attempt, const RunRecord& own, int code) {
    RunRecord record = own;
    try {
      record = attempt.settle(own);
    } catch (const records::SystemError& error) {
      ledger_.problem(fmt::format("{}: made anew, but {}", id_of(index), error.what()));
    }
    keep_log(attempt, true);
    ledger_.finished(index, record, code);
    attempt.claim().release();
    pausing_.came_back(index);
  }

  void fail(std::size_t index, int code, const std::string& reason) {
    ledger_.failed(index, code, reason);
    pausing_.gave_up(index);
  }

  void leave(std::size_t index, const std::string& reason) {
    ledger_.left_alone(index, reason);
    pausing_.gave_up(index);
  }

  const std::string& id_of(std::size_t index) const { return ledger_.step(index).row.id; }

  const Job& job_;
  const Inventory& inventory_;
  Feeder* feeder_;
  const fs::path& executable_;
  const Environment known_digest_;
  Claims& claims_;
  Cancellation& cancellation_;
  Children& children_;
  Signals& signals_;
  Ledger ledger_;
  Pausing pausing_;
  Retries retries_;
  Processors processors_;
  std::string stamp_;  // of the program when it was looked at
  int fed_at_ = -1;
  std::deque<Waiting> queue_;
  std::map<pid_t, Running> running_;
  std::vector<Held> held_;  // before the queue
  int not_begun_ = 0, not_tried_again_ = 0;
  bool interrupted_ = false;
  Clock::time_point deadline_{};  // after which what was asked to end is ended
  const std::chrono::milliseconds grace_ = ending_grace();
  Clock::time_point next_beat_ = Clock::now();
  Shortage shortage_;
  std::set<std::size_t> not_pinned_;
};

}  // namespace

Outcome run_plan(const Job& job, const SweepPlan& plan, const Inventory& inventory, const fs::path& executable,
                 const Surroundings& surroundings, Feeder* feeder) {
  return Runner(job, plan, inventory, executable, surroundings, feeder).run();
}

}  // namespace gradus::sweep
