#include "tools/sweep/retries.h"

#include <algorithm>

#include "experiments/records/checkpoint.h"
#include "experiments/records/completion.h"
#include "experiments/records/program.h"
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

std::optional<std::chrono::milliseconds> Retries::after(std::size_t run, Setback setback) {
  constexpr int most_doublings = 10;
  Past& past = runs_[run];
  if (past.count >= most_ || (past.count > 0 && past.last == setback)) return std::nullopt;
  past.last = std::move(setback);
  return first_pause() * (1 << std::min(past.count++, most_doublings));
}

}  // namespace gradus::sweep
