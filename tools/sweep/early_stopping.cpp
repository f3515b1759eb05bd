#include "tools/sweep/early_stopping.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tools/sweep/attempt.h"
#include "tools/sweep/claim.h"

namespace gradus::sweep {
namespace {

std::vector<Combination> combinations_of(const SweepPlan& plan) {
  std::vector<Combination> all;
  for (const std::vector<Step>* steps : {&plan.steps, &plan.rivals})
    for (const Step& step : *steps) all.push_back(*step.combination);
  return all;
}

}  // namespace

EarlyStopping::EarlyStopping(const Job& job, const SweepPlan& plan, std::chrono::milliseconds patience)
    : job_(job), rule_(*job.stopping), reader_(rule_), mine_(plan.steps.size()), patience_(patience) {
  for (const std::vector<Step>* steps : {&plan.steps, &plan.rivals})
    for (const Step& step : *steps) known_.push_back({&step});
  counts_[static_cast<std::size_t>(At::waiting)] = known_.size();
  for (Contest& contest : contests_of("stopping", rule_.per, rule_.over, combinations_of(plan)))
    races_.push_back({std::move(contest.settings)});
  for (std::size_t contest = 0; contest < races_.size(); ++contest)
    for (std::size_t setting = 0; setting < races_[contest].settings.size(); ++setting)
      for (const std::size_t run : races_[contest].settings[setting]) {
        known_[run].contest = contest;
        known_[run].setting = setting;
      }
  // By their names, which are digests: a grid's first values are not to be the first in every rung.
  order_.resize(mine_);
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::sort(order_.begin(), order_.end(),
            [&](std::size_t a, std::size_t b) { return known_[a].step->row.id < known_[b].step->row.id; });
  for (std::size_t turn = 0; turn < mine_; ++turn) known_[order_[turn]].turn = turn;
  for (std::size_t run = 0; run < known_.size(); ++run) {
    const Action action = known_[run].step->action;
    if (action == Action::leave || action == Action::keep)
      set(run, At::given_up);
    else
      read(run);
    if (run < mine_ && known_[run].at == At::waiting && known_[run].rungs() == 0) unbegun_.insert(known_[run].turn);
  }
  for (std::size_t contest = 0; contest < races_.size(); ++contest)
    for (std::size_t setting = 0; setting < races_[contest].settings.size(); ++setting) renew_setting(contest, setting);
  quiet_since_ = next_look_ = Clock::now();
}

void EarlyStopping::set(std::size_t run, At at) {
  --counts_[static_cast<std::size_t>(known_[run].at)];
  ++counts_[static_cast<std::size_t>(known_[run].at = at)];
}

// Who calls it renews what follows.
void EarlyStopping::read(std::size_t number) {
  Known& run = known_[number];
  run.files = files_of(run);
  if (const auto result = result_of(job_, *run.step)) {
    run.record = reader_.ended(job_.output / run.step->row.id, result->status == "completed");
    return set(number, At::ended);
  }
  const auto furthest = furthest_attempt(job_, *run.step);
  run.record = {};
  set(number, At::waiting);
  if (!furthest) return;
  // One that was killed before it had made its record has to come to its rung once more, where it stops at once.
  const bool has_record = read_record(furthest->folder).verdict == records::Verdict::whole;
  run.record =
      reader_.paused(furthest->folder, has_record ? furthest->step : std::max<std::int64_t>(furthest->step, 1) - 1);
}

// A run that pauses or ends makes its record anew.
std::string EarlyStopping::files_of(const Known& run) const {
  std::string text;
  for (const std::filesystem::path& folder : folders_of(job_, *run.step)) {
    struct stat file {};
    if (::stat((folder / records::completion_file).c_str(), &file) == 0)
      text += fmt::format("{}.{}.{} ", file.st_ino, file.st_mtim.tv_sec, file.st_mtim.tv_nsec);
  }
  return text;
}

void EarlyStopping::renew(std::size_t run) {
  const Known& known = known_[run];
  if (run < mine_ && known.at == At::waiting && known.rungs() == 0)
    unbegun_.insert(known.turn);
  else if (run < mine_)
    unbegun_.erase(known.turn);
  renew_setting(known.contest, known.setting);
}

void EarlyStopping::renew_setting(std::size_t contest, std::size_t setting) {
  Race& race = races_[contest];
  const std::vector<std::size_t>& runs = race.settings[setting];
  const auto put = [setting](std::set<std::size_t>& settings, bool is_in) {
    if (is_in)
      settings.insert(setting);
    else
      settings.erase(setting);
  };
  Contender contender = contender_of(runs);
  put(race.behind, runnable(runs, contender.sent).has_value());
  put(race.completed, std::all_of(runs.begin(), runs.end(), [&](std::size_t i) {
        const RungRecord& record = known_[i].record;
        return record.has_completed && (record.scores.empty() || !std::isnan(record.scores.back()));
      }));
  contender.is_others = !runnable(runs, contender.sent + 1);
  race.ladder.put(setting, std::move(contender));
  open_.insert(contest);
}

// At what other sweeps have done since.
void EarlyStopping::look() {
  const auto begin = Clock::now();
  const std::map<std::string, Busy> owners = Claims::owners(job_.output);
  bool is_quiet = true;
  for (std::size_t i = 0; i < known_.size(); ++i) {
    const Known& run = known_[i];
    if (run.at != At::waiting && run.at != At::elsewhere) continue;
    if (owners.contains(run.step->row.id)) {
      if (run.at == At::waiting) is_taken(i);
      is_quiet = false;
    } else if (run.at == At::elsewhere || files_of(run) != run.files) {
      came_back(i);
      if (run.at == At::ended && i < mine_) ended_elsewhere_.insert(i);
      is_quiet = false;
    }
  }
  const auto end = Clock::now();
  if (!is_quiet) quiet_since_ = end;
  looked_at_ = begin;
  look_time_ = end - begin;
  next_look_ = end + std::max<Clock::duration>(std::chrono::milliseconds(20), 50 * look_time_);
}

// Once more, but for no more than such a part of the time: it takes the longer, the more runs there are.
void EarlyStopping::look_again(int part) {
  if (Clock::now() >= looked_at_ + part * look_time_) look();
}

bool EarlyStopping::is_quiet() {
  look_again(10);
  return looked_at_ >= quiet_since_ + patience_;
}

// So many rungs it has been sent to. One whose checkpoint is beyond a rung was on its way to the next.
std::size_t EarlyStopping::sent(const Known& run) const {
  if (run.at == At::in_hand || run.at == At::elsewhere) return run.rungs() + 1;
  const std::vector<std::int64_t> rungs = rule_.rungs_until(run.record.position);
  return run.rungs() + (run.record.position > (rungs.empty() ? 0 : rungs.back()) ? 1 : 0);
}

Contender EarlyStopping::contender_of(const std::vector<std::size_t>& runs) const {
  Contender contender;
  contender.has_ended = true;
  std::size_t rungs = std::numeric_limits<std::size_t>::max(), most = 0;
  for (const std::size_t i : runs) {
    const Known& run = known_[i];
    if (run.at == At::given_up) return {{}, {}, 0, true};
    most = std::max(most, run.rungs());
    if (run.at == At::ended) continue;
    contender.has_ended = false;
    contender.sent = std::max(contender.sent, sent(run));
    rungs = std::min(rungs, run.rungs());
  }
  // A run that has ended earlier than the others counts with what it had then.
  const auto mean_at = [&](std::size_t rung, std::vector<double> RungRecord::*values) {
    double sum = 0;
    for (const std::size_t i : runs) {
      const std::vector<double>& own = known_[i].record.*values;
      sum += own.empty() ? std::numeric_limits<double>::quiet_NaN() : own[std::min(rung, own.size() - 1)];
    }
    return sum / static_cast<double>(runs.size());
  };
  for (std::size_t rung = 0; rung < std::min(rungs, most); ++rung) {
    contender.scores.push_back(mean_at(rung, &RungRecord::scores));
    if (rule_.kind == StoppingRule::Kind::median) contender.averages.push_back(mean_at(rung, &RungRecord::averages));
  }
  return contender;
}

// The first of a setting's runs that may start to reach so many rungs.
std::optional<std::size_t> EarlyStopping::runnable(const std::vector<std::size_t>& runs, std::size_t to) const {
  for (const std::size_t i : runs)
    if (i < mine_ && known_[i].at == At::waiting && known_[i].rungs() < to) return i;
  return std::nullopt;
}

std::optional<std::size_t> EarlyStopping::choose_in(const Race& race, bool is_last_word) const {
  if (!race.behind.empty()) {  // the others of it are there, or go
    const std::vector<std::size_t>& runs = race.settings[*race.behind.begin()];
    return runnable(runs, contender_of(runs).sent);
  }
  auto chosen = rule_.kind == StoppingRule::Kind::asha
                    ? race.ladder.asha_promotion(static_cast<std::size_t>(rule_.factor))
                    : race.ladder.median_promotion();
  if (!chosen && is_last_word && race.completed.empty()) chosen = race.ladder.best_paused();
  if (!chosen) return std::nullopt;
  const std::vector<std::size_t>& runs = race.settings[*chosen];
  return runnable(runs, contender_of(runs).sent + 1);
}

std::optional<std::size_t> EarlyStopping::choose(bool is_last_word) {
  if (is_last_word)
    for (const Race& race : races_)
      if (const auto run = choose_in(race, true)) return run;
  while (!open_.empty()) {
    if (const auto run = choose_in(races_[*open_.begin()], false)) return run;
    open_.erase(open_.begin());
  }
  if (unbegun_.empty()) return std::nullopt;
  return order_[*unbegun_.begin()];
}

std::optional<EarlyStopping::Go> EarlyStopping::next() {
  if (begins_no_more_) return std::nullopt;
  if (Clock::now() >= next_look_) look();
  std::optional<std::size_t> run = choose(false);
  if (run && known_[*run].rungs() > 0) {  // what others have run since may speak against a promotion
    look_again(10);
    run = choose(false);
  }
  if (!run && decides_on_all() && !is_in_hand() && is_quiet()) run = choose(true);
  if (!run) return std::nullopt;
  set(*run, At::in_hand);
  renew(*run);
  return Go{*run, rule_.next_rung(known_[*run].record.position)};
}

void EarlyStopping::came_back(std::size_t run) {
  set(run, At::waiting);
  read(run);
  renew(run);
}

void EarlyStopping::is_taken(std::size_t run) {
  set(run, At::elsewhere);
  renew(run);
  quiet_since_ = Clock::now();
}

void EarlyStopping::gave_up(std::size_t run) {
  set(run, At::given_up);
  renew(run);
}

bool EarlyStopping::is_settled() {
  if (is_in_hand()) return false;
  if (begins_no_more_) return true;
  if (!decides_on_all()) return !choose(false);
  return !choose(false) && is_quiet() && !choose(true);
}

std::vector<std::size_t> EarlyStopping::waiting() const {
  std::vector<std::size_t> waiting;
  for (std::size_t i = 0; i < mine_; ++i)
    if (known_[i].at == At::waiting || known_[i].at == At::elsewhere) waiting.push_back(i);
  return waiting;
}

std::string EarlyStopping::account_of(std::size_t run) const {
  const RungRecord& record = known_[run].record;
  if (record.scores.empty()) return "";
  return fmt::format("at step {}: {}", record.position, reader_.text_of(record.scores.back()));
}

SweepPlan as_far_as_known(const Job& job, SweepPlan plan) {
  EarlyStopping stopping(job, plan, std::chrono::milliseconds(0));
  std::set<std::size_t> starts;
  while (const auto go = stopping.next()) {
    plan.steps[go->run].stop_at = go->stop_at;
    starts.insert(go->run);
  }
  const bool is_settled = stopping.is_settled();
  for (const std::size_t i : stopping.waiting()) {
    if (starts.contains(i)) continue;
    plan.steps[i].action = Action::wait;
    plan.steps[i].row.status = is_settled && stopping.decides_on_all() ? pruned_status : "pending";
    plan.steps[i].row.reason = stopping.account_of(i);
  }
  return plan;
}

}  // namespace gradus::sweep
