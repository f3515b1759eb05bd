#include "tools/sweep/pausing.h"

#include <algorithm>
#include <stdexcept>

#include "experiments/records/checkpoint.h"
#include "experiments/records/program.h"

namespace gradus::sweep {

namespace {
constexpr auto patience = std::chrono::milliseconds(300);  // until nothing more is expected of other sweeps
}

Pausing::Pausing(const Job& job, const SweepPlan& plan) {
  if (job.stopping) stopping_.emplace(job, plan, patience);
}

template <class Call>
auto Pausing::guarded(const Call& call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& error) {
    if (!problem_) problem_ = error.what();
    stopping_->begin_no_more();
    return {};
  }
}

std::optional<std::size_t> Pausing::next() {
  if (!stopping_) return std::nullopt;
  const auto go = guarded([&] { return stopping_->next(); });
  if (!go) return std::nullopt;
  stop_at_.insert_or_assign(go->run, go->stop_at);
  return go->run;
}

std::set<std::size_t> Pausing::ended_elsewhere() {
  return stopping_ ? stopping_->ended_elsewhere() : std::set<std::size_t>();
}

std::optional<std::int64_t> Pausing::stop_at(std::size_t run) const {
  const auto found = stop_at_.find(run);
  return found == stop_at_.end() ? std::nullopt : found->second;
}

bool Pausing::has_come_to_its_rung(std::size_t run, int code, const std::filesystem::path& folder) const {
  const auto rung = stop_at(run);
  return rung && code == records::exit_stopped && records::checkpoint_step(folder) >= *rung;
}

void Pausing::came_back(std::size_t run) {
  if (!stopping_) return;
  guarded([&] {
    stopping_->came_back(run);
    return true;
  });
}

bool Pausing::is_taken(std::size_t run) {
  if (stopping_) stopping_->is_taken(run);
  return stopping_.has_value();
}

void Pausing::gave_up(std::size_t run) {
  if (stopping_) stopping_->gave_up(run);
}

std::size_t Pausing::begin_no_more() {
  if (!stopping_ || !stopping_->begins_more()) return 0;
  stopping_->begin_no_more();
  const std::vector<std::size_t> waiting = stopping_->waiting();
  return static_cast<std::size_t>(
      std::ranges::count_if(waiting, [&](const std::size_t run) { return !stopping_->has_begun(run); }));
}

std::vector<std::size_t> Pausing::waiting() const {
  return stopping_ ? stopping_->waiting() : std::vector<std::size_t>();
}

bool Pausing::is_settled() {
  return !stopping_ || guarded([&] { return stopping_->is_settled(); });
}

std::string Pausing::account_of(std::size_t run) const { return "paused " + stopping_->account_of(run); }

void Pausing::conclude(std::vector<RunRow>& rows, Counts& counts, bool is_cut_short) const {
  if (!stopping_) return;
  is_cut_short = is_cut_short || !stopping_->begins_more();
  const bool is_last_word = !is_cut_short && stopping_->decides_on_all();
  for (const std::size_t run : stopping_->waiting()) {
    RunRow& row = rows[run];
    row.status = is_last_word ? pruned_status : "pending";
    const std::string account = stopping_->account_of(run);
    if (!account.empty()) row.reason = (is_last_word ? "stopped early " : "paused ") + account;
    if (!is_cut_short) ++(is_last_word ? counts.pruned : counts.stopped);
  }
}

}  // namespace gradus::sweep
