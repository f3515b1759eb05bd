// sweep cancel: the end of every sweep in a folder.
#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "experiments/records/program.h"
#include "tools/sweep/cancellation.h"
#include "tools/sweep/slurm/folder_queue.h"
#include "tools/sweep/standing.h"
#include "tools/sweep/verb.h"

namespace gradus::sweep {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

int cancel(const fs::path& output) {
  // Before the queue is asked for, which may not be known for long.
  const bool was_at_work = standing_of(output).at_work;
  if (was_at_work) Cancellation::ask(output);
  if (!cancel_tasks(output) && !was_at_work) {
    records::put("no sweep is at work\n");
    return 0;
  }
  if (!was_at_work) Cancellation::ask(output);
  constexpr auto patience = std::chrono::seconds(60);
  const auto deadline = Clock::now() + patience;
  while (is_at_work(output)) {
    if (Clock::now() > deadline)
      throw std::runtime_error(
          fmt::format("{}: asked, but a sweep has not ended for {} seconds", output.string(), patience.count()));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  cancel_tasks(output);  // who submitted them may have been at it
  print(standing_of(output));
  return 0;
}

}  // namespace

Verb cancel_verb(CLI::App& app) {
  return folder_verb(app, "cancel",
                     "ask every sweep at work in a folder to end, as by SIGTERM: its runs can go on later",
                     [](const fs::path& output) { return cancel(output); });
}

}  // namespace gradus::sweep
