// sweep status, sweep watch, sweep cancel: how a sweep stands, and its end.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "experiments/records/program.h"
#include "experiments/records/text.h"
#include "tools/sweep/cancellation.h"
#include "tools/sweep/claim.h"
#include "tools/sweep/inventory.h"
#include "tools/sweep/lock.h"
#include "tools/sweep/patience.h"
#include "tools/sweep/planned.h"
#include "tools/sweep/slurm/folder_queue.h"
#include "tools/sweep/verb.h"

namespace gradus::sweep {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct Standing {
  std::map<std::string, std::map<std::string, int>> counts;  // by stage and status
  std::map<std::string, Busy> owners;
  bool at_work = false;
  int count(const std::string& status) const {
    int sum = 0;
    for (const auto& [stage, by_status] : counts)
      if (const auto found = by_status.find(status); found != by_status.end()) sum += found->second;
    return sum;
  }
};

// Tasks in Slurm's queue, by their state; what is not known is said.
std::map<std::string, int> queue_of(const fs::path& output) {
  std::map<std::string, int> queued;
  try {
    for (const QueuedTasks& tasks : queued_tasks(output)) queued[tasks.state] += tasks.last - tasks.first + 1;
  } catch (const std::runtime_error& error) {
    records::complain("sweep", fmt::format("Slurm's queue is not known: {}", error.what()));
  } catch (const records::UsageError& error) {
    records::complain("sweep", fmt::format("Slurm's queue is not known: {}", error.what()));
  }
  return queued;
}

Standing standing_of(const fs::path& output) {
  const Inventory inventory = take_inventory(output, [] {});
  std::vector<RunRow> runs = inventory.rows();
  std::map<std::string, std::string> planned = planned_runs(output);
  for (const RunRow& run : runs) planned.erase(run.id);
  for (const auto& [id, stage] : planned) {
    runs.push_back(RunRow{id});
    runs.back().stage = stage;
  }
  if (!inventory.cache && runs.empty())
    throw records::UsageError(
        fmt::format("{}: no sweep here: expected a folder with sweep.json or runs", output.string()));
  Standing standing;
  standing.owners = Claims::owners(output);
  standing.at_work = FolderLock::held(output) || !standing.owners.empty();
  for (const RunRow& run : runs) {
    const bool running = run.status == "pending" && standing.owners.contains(run.id);
    ++standing.counts[run.stage][running ? "running" : run.status];
  }
  return standing;
}

std::string line_of(const std::map<std::string, int>& by_status) {
  int all = 0;
  std::string text;
  for (const auto& [status, count] : by_status) {
    text += fmt::format("{} {} {}", all == 0 ? ":" : ",", count, status);
    all += count;
  }
  return fmt::format("{} run{}{}", all, all == 1 ? "" : "s", text);
}

void print(const Standing& standing, const std::map<std::string, int>& queued = {}) {
  for (const auto& [stage, by_status] : standing.counts)
    records::put(fmt::format("{}{}\n", stage.empty() ? "" : fmt::format("stage {}: ", records::printable(stage)),
                             line_of(by_status)));
  for (const auto& [id, owner] : standing.owners) records::put(fmt::format("running {}: {}\n", id, owner.owner));
  for (const auto& [state, count] : queued)
    records::put(fmt::format("in Slurm's queue: {} task{} {}\n", count, count == 1 ? "" : "s", state));
  records::put(standing.at_work ? "a sweep is at work\n" : "no sweep is at work\n");
}

int code_of(const Standing& standing) {
  if (standing.count("failed") + standing.count("damaged") > 0) return records::exit_failed;
  return standing.count("pending") + standing.count("running") > 0 ? records::exit_stopped : 0;
}

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
      return code_of(standing);
    }
    // A sweep may end at any time: that is noticed soon, also where lines are rare.
    const auto next = Clock::now() + (waits ? std::max(interval, queue_interval()) : interval);
    while (Clock::now() < next && (waits || FolderLock::held(output) || !Claims::owners(output).empty()))
      std::this_thread::sleep_for(std::min<Clock::duration>(interval, std::chrono::milliseconds(500)));
  }
}

int cancel(const fs::path& output) {
  const Standing before = standing_of(output);
  if (!before.at_work && queued_tasks(output).empty()) {
    records::put("no sweep is at work\n");
    return 0;
  }
  Cancellation::ask(output);
  cancel_tasks(output);
  constexpr auto patience = std::chrono::seconds(60);
  const auto deadline = Clock::now() + patience;
  while (FolderLock::held(output) || !Claims::owners(output).empty()) {
    if (Clock::now() > deadline)
      throw std::runtime_error(
          fmt::format("{}: asked, but a sweep has not ended for {} seconds", output.string(), patience.count()));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  cancel_tasks(output);  // who submitted them may have been at it
  print(standing_of(output));
  return 0;
}

// A word whose only argument is the folder.
template <class Call>
Verb folder_verb(CLI::App& app, const char* name, const char* help, Call call) {
  CLI::App* verb = app.add_subcommand(name, help);
  auto folder = std::make_shared<std::string>();
  verb->add_option("folder", *folder, "folder of the sweep")->required();
  return {verb, [folder, call](const CommandLine&) { return call(fs::path(*folder)); }};
}

}  // namespace

Verb status_verb(CLI::App& app) {
  return folder_verb(app, "status", "how many runs have which status, and who works on which",
                     [](const fs::path& output) {
                       const Standing standing = standing_of(output);
                       print(standing, queue_of(output));
                       return code_of(standing);
                     });
}

Verb watch_verb(CLI::App& app) {
  return folder_verb(app, "watch", "a line that tells how a sweep stands, until it ends",
                     [](const fs::path& output) { return watch(output, std::chrono::seconds(2)); });
}

Verb cancel_verb(CLI::App& app) {
  return folder_verb(app, "cancel",
                     "ask every sweep at work in a folder to end, as by SIGTERM: its runs can go on later",
                     [](const fs::path& output) { return cancel(output); });
}

}  // namespace gradus::sweep
