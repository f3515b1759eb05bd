#include "tools/sweep/summary.h"

#include <fmt/format.h>

#include "experiments/records/program.h"
#include "experiments/records/text.h"
#include "tools/sweep/command.h"
#include "tools/sweep/layout.h"

namespace gradus::sweep {

int report(const Job& job, const Outcome& outcome) {
  const auto named = [&](std::size_t i) {
    return fmt::format("{} ({}): {}", outcome.runs[i].id,
                       records::printable(shell_text(outcome.steps[i].combination->arguments())),
                       outcome.runs[i].reason);
  };
  const Counts& counts = outcome.counts;
  if (!job.stage.empty()) records::put(fmt::format("stage {}: ", job.stage));
  records::put(fmt::format("{} runs: {} completed, {} diverged, {} failed, {} skipped (finished before)", counts.total,
                           counts.completed, counts.diverged, counts.failed, counts.skipped));
  if (counts.elsewhere > 0) records::put(fmt::format(", {} run by other sweeps meanwhile", counts.elsewhere));
  if (counts.pruned > 0) records::put(fmt::format(", {} pruned (stopped early)", counts.pruned));
  if (counts.left > 0) records::put(fmt::format(", {} left alone", counts.left));
  if (const int rest = counts.total - counts.done(); rest > 0 || outcome.interrupted)
    records::put(fmt::format(", {} pending: {}", rest, outcome.interrupted ? "interrupted" : "not begun"));
  if (counts.stopped > 0) records::put(fmt::format(", {} pending: stopped before their end", counts.stopped));
  records::put("\n");
  for (std::size_t i = 0; i < outcome.runs.size(); ++i)
    if (outcome.runs[i].status == "failed") records::put(fmt::format("failed {}\n", named(i)));
  if (counts.failed > 0)
    records::put(fmt::format("logs: {}/<id>.log\n", records::printable((job.output / logs_folder).string())));
  std::vector<std::string> left_alone;
  for (const std::size_t i : outcome.left_alone) left_alone.push_back(named(i));
  complain_of_some("left alone ", left_alone);
  complain_of_some("", outcome.notes);
  for (const std::string& problem : outcome.problems) records::complain("sweep", problem);
  if (counts.failed > 0 || counts.left > 0 || !outcome.problems.empty()) return records::exit_failed;
  return counts.stopped > 0 ? records::exit_stopped : 0;
}

}  // namespace gradus::sweep
