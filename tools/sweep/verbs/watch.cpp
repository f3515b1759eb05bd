// sweep watch: how a sweep stands, until it ends.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "experiments/records/program.h"
#include "tools/sweep/patience.h"
#include "tools/sweep/slurm/folder_queue.h"
#include "tools/sweep/slurm/patient_talk.h"
#include "tools/sweep/standing.h"
#include "tools/sweep/verb.h"

namespace gradus::sweep {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// Whether tasks are in Slurm's queue; none where its controller does not answer. Throws as PatientTalk.
std::optional<bool> has_tasks(const fs::path& output, PatientTalk& talk) {
  std::optional<bool> has_any;
  talk.done([&] { has_any = !queued_tasks(output).empty(); });
  return has_any;
}

// One line, until nobody is at work.
int watch(const fs::path& output, std::chrono::milliseconds interval) {
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  if (!terminal) interval = std::max<std::chrono::milliseconds>(interval, std::chrono::seconds(30));
  PatientTalk talk([](const std::string& trouble) { records::complain("sweep", trouble); });
  for (;;) {
    const Standing standing = standing_of(output);
    records::put(fmt::format("{}{}{}", terminal ? "\r\x1b[K" : "", line_of(standing.counts()), terminal ? "" : "\n"));
    // Who has only left tasks in Slurm's queue is not at work here.
    const std::optional<bool> queued = standing.at_work ? false : has_tasks(output, talk);
    const bool waits = queued.value_or(true);
    if (!standing.at_work && !waits) {
      if (terminal) records::put("\n");
      return standing.exit_code();
    }
    // A sweep may end at any time: that is noticed soon, also where lines are rare.
    const auto pause = !queued ? queue_interval() : waits ? std::max(interval, queue_interval()) : interval;
    const auto next = Clock::now() + pause;
    while (Clock::now() < next && (waits || is_at_work(output)))
      std::this_thread::sleep_for(std::min<Clock::duration>(interval, std::chrono::milliseconds(500)));
  }
}

}  // namespace

Verb watch_verb(CLI::App& app) {
  return folder_verb(app, "watch", "a line that tells how a sweep stands, until it ends",
                     [](const fs::path& output) { return watch(output, std::chrono::seconds(2)); });
}

}  // namespace gradus::sweep
