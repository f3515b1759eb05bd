#include "tools/sweep/retries.h"

#include <algorithm>

#include "experiments/records/checkpoint.h"
#include "experiments/records/completion.h"
#include "experiments/records/program.h"
#include "tools/sweep/attempt.h"
#include "tools/sweep/patience.h"

namespace gradus::sweep {

bool may_pass(const ProcessEnd& ending, int code, std::string_view line) {
  if (ending.kind != ProcessEnd::Kind::exited) return true;
  const auto says = [&](std::string_view words) { return line.find(words) != line.npos; };
  return code == records::exit_stopped ||
         (code != 0 && (says(records::out_of_memory) || says("bad_alloc") || says("MemoryError")));
}

Setback setback_in(const std::filesystem::path& folder, int code, std::string reason) {
  std::error_code none;
  const std::uintmax_t logged = std::filesystem::file_size(folder / records::log_file, none);
  return {code, std::move(reason), records::checkpoint_step(folder), none ? 0 : logged};
}

Setback setback_of(const Job& job, const Step& step, int code, std::string reason) {
  Setback setback{code, std::move(reason)};
  if (const auto furthest = furthest_attempt(job, step)) setback.step = furthest->step;
  for (const std::filesystem::path& folder : folders_of(job, step)) {
    std::error_code none;
    const std::uintmax_t logged = std::filesystem::file_size(folder / records::log_file, none);
    if (!none) setback.logged = std::max(setback.logged, logged);
  }
  return setback;
}

Retries::Verdict Retries::after(std::size_t run, Setback setback) {
  constexpr int most_doublings = 10;
  Past& past = runs_[run];
  const bool no_further = setback.step <= past.furthest;  // no step is less than any
  if (setback.at_limit ? past.was_at_limit && no_further : past.count > 0 && past.last == setback)
    return {std::nullopt, true};
  if (past.count >= most_) return {};
  past.furthest = std::max(past.furthest, setback.step);
  past.was_at_limit = past.was_at_limit || setback.at_limit;
  past.last = std::move(setback);
  return {first_pause() * (1 << std::min(past.count++, most_doublings))};
}

}  // namespace gradus::sweep
