#include "tools/sweep/printed_plan.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "experiments/records/program.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"
#include "tools/sweep/command.h"
#include "tools/sweep/continuation.h"

namespace gradus::sweep {

namespace fs = std::filesystem;

namespace {

bool is_to_run(const Step& step) { return step.action == Action::run || step.action == Action::rebuild; }

std::vector<std::string> program_command(const Job& job, const Step& step) {
  const fs::path folder = job.output / step.row.id;
  const bool resume = step.action == Action::run &&
                      step_to_resume_from(job, *step.combination, folder, read_record(folder)).has_value();
  return run_command(job, job.program, *step.combination, folder, resume, step.stop_at);
}

std::vector<std::string> run_one_command(const Job& job, const Step& step) {
  std::error_code error;
  return {fs::read_symlink("/proc/self/exe", error).string(), "run-one", fs::absolute(job.output).string(),
          step.row.id};
}

std::string duration_text(double seconds) {
  if (seconds < 100) return fmt::format("{:.2g} s", seconds);
  return seconds < 6000 ? fmt::format("{:.2g} min", seconds / 60) : fmt::format("{:.2g} h", seconds / 3600);
}

// By the runs of this stage that have ended.
std::string cost_text(const Job& job, const SweepPlan& plan, const Inventory& inventory, std::size_t to_run) {
  double seconds = 0;
  int known = 0;
  for (const Step& step : plan.steps)
    if (const auto record = inventory.records.find(step.row.id);
        step.action == Action::skip && record != inventory.records.end() && record->second.seconds > 0) {
      seconds += record->second.seconds;
      ++known;
    }
  if (to_run == 0) return "nothing is left to do";
  if (known == 0) return "what they cost is not known: none has ended yet";
  const double mean = seconds / known, all = mean * static_cast<double>(to_run);
  const auto jobs = static_cast<std::size_t>(job.jobs), turns = (to_run + jobs - 1) / jobs;
  return fmt::format("about {} each by the {} that have ended, {} of a core in all, {} at {} at a time",
                     duration_text(mean), known, duration_text(all), duration_text(mean * static_cast<double>(turns)),
                     job.jobs);
}

}  // namespace

void print_plan(const Job& job, const SweepPlan& plan, const Inventory& inventory, PlanFormat format) {
  std::size_t to_run = 0;
  for (const Step& step : plan.steps) to_run += is_to_run(step) ? 1 : 0;
  if (format == PlanFormat::text) {
    if (!job.stage.empty()) records::put(fmt::format("stage {}: ", job.stage));
    records::put(
        fmt::format("{} runs, {} to run: {}\n", plan.steps.size(), to_run, cost_text(job, plan, inventory, to_run)));
    return print_commands(job, plan);
  }
  if (format == PlanFormat::sh && fs::absolute(job.output).string().find('\n') != std::string::npos)
    throw UsageError("--format=sh: expected a folder without a line break in its name, or --format=jsonl");
  for (const Step& step : plan.steps) {
    if (format == PlanFormat::sh && is_to_run(step)) records::put(shell_text(run_one_command(job, step)) + "\n");
    if (format == PlanFormat::jsonl)
      records::put(records::json_text({{"id", step.row.id},
                                       {"stage", job.stage},
                                       {"status", step.row.status},
                                       {"options", step.combination->options()},
                                       {"command", run_one_command(job, step)},
                                       {"argv", program_command(job, step)}}) +
                   "\n");
  }
}

void print_commands(const Job& job, const SweepPlan& plan) {
  std::size_t left_out = 0;
  for (const Step& step : plan.steps) {
    if (is_to_run(step))
      records::put(shell_text(program_command(job, step)) + "\n");
    else
      ++left_out;
  }
  if (left_out > 0)
    records::complain("sweep", fmt::format("{} of {} runs are not needed again", left_out, plan.steps.size()));
}

}  // namespace gradus::sweep
