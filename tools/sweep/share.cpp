#include "tools/sweep/share.h"

#include "experiments/records/program.h"
#include "tools/sweep/early_stopping.h"
#include "tools/sweep/interruption.h"
#include "tools/sweep/lock.h"
#include "tools/sweep/planned.h"
#include "tools/sweep/printed_plan.h"
#include "tools/sweep/slurm/launcher.h"
#include "tools/sweep/summary.h"

namespace gradus::sweep {
namespace {

// Of what lies in the folder, what concerns the job's runs.
Inventory inventory_of(const Job& job) {
  std::vector<std::string> names;
  for (const std::vector<Combination>* list : {&job.combinations, &job.rivals})
    for (const Combination& combination : *list) names.push_back(combination.id);
  return take_inventory_of(job.output, names);
}

void print_planned(const Job& job) {
  SweepPlan plan = make_plan(job, inventory_of(job));
  if (job.stopping) plan = as_far_as_known(job, std::move(plan));
  print_commands(job, plan);
}

}  // namespace

ShareEnd run_planned(Job& job, int jobs, Signals& signals) {
  Children children;
  job.jobs = jobs_for(job, jobs);
  job.keeps_table = false;
  const FolderLock lock(job.output);
  children.share(lock.descriptor());
  Claims claims(job.output, {});
  Cancellation cancellation(job.output);
  const Inventory found = inventory_of(job);
  const SweepPlan plan = make_plan(job, found);
  const Surroundings surroundings{claims, cancellation, children, signals};
  ShareEnd end;
  end.outcome = job.slurm ? run_on_slurm(job, plan, found, job.program, surroundings)
                          : run_plan(job, plan, found, job.program, surroundings);
  end.limit_is_near = signals.limit_is_near();
  end.code = report(job, end.outcome);
  if (end.outcome.interrupted) end.code = end.limit_is_near ? records::exit_stopped : records::exit_interrupted;
  return end;
}

int run_share(const Job& job, const std::vector<std::string>& ids, const ShareOptions& options) {
  std::vector<Job> parts = planned_jobs(job, ids);
  for (Job& part : parts) {
    if (options.to_the_end) {
      part.stopping.reset();
      part.rivals.clear();
    }
    refuse_no_resume(part);
  }
  if (options.prints) {
    for (const Job& part : parts) print_planned(part);
    return 0;
  }
  Signals signals;
  return unless_interrupted(signals, [&] {
    int code = 0;
    for (Job& part : parts) {
      const ShareEnd end = run_planned(part, options.jobs, signals);
      if (end.outcome.interrupted) return end.code;
      if (code != records::exit_failed && end.code != 0) code = end.code;
    }
    return code;
  });
}

}  // namespace gradus::sweep
