// sweep watch: how a sweep stands, until it ends.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "experiments/records/program.h"
#include "tools/sweep/lock.h"
#include "tools/sweep/patience.h"
#include "tools/sweep/slurm/folder_queue.h"
#include "tools/sweep/standing.h"
#include "tools/sweep/verb.h"

namespace gradus::sweep {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// One line, until nobody is at work.
int watch(const fs::path& output, std::chrono::milliseconds interval) {
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  if (!terminal) interval = std::max<std::chrono::milliseconds>(interval, std::chrono::seconds(30));
  for (;;) {
    const Standing standing = standing_of(output);
    std::map<std::string, int> all;
    for (const auto& [stage, by_status] : standing.counts)
      for (const auto& [status, count] : by_status) all[status] += count;
    records::put(fmt::format("{}{}{}", terminal ? "\r\x1b[K" : "", line_of(all), terminal ? "" : "\n"));
    // Who has only left tasks in Slurm's queue is not at work here.
    const bool waits = !standing.at_work && !queue_of(output).empty();
    if (!standing.at_work && !waits) {
      if (terminal) records::put("\n");
      return exit_code_of(standing);
    }
    // A sweep may end at any time: that is noticed soon, also where lines are rare.
    const auto next = Clock::now() + (waits ? std::max(interval, queue_interval()) : interval);
    while (Clock::now() < next && (waits || FolderLock::held(output) || !Claims::owners(output).empty()))
      std::this_thread::sleep_for(std::min<Clock::duration>(interval, std::chrono::milliseconds(500)));
  }
}

}  // namespace

Verb watch_verb(CLI::App& app) {
  return folder_verb(app, "watch", "a line that tells how a sweep stands, until it ends",
                     [](const fs::path& output) { return watch(output, std::chrono::seconds(2)); });
}

}  // namespace gradus::sweep
