// sweep plan: begins a folder, and tells what is to be run in it.
#include <map>
#include <memory>

#include "tools/sweep/request.h"
#include "tools/sweep/verb.h"

namespace gradus::sweep {

Verb plan_verb(CLI::App& app) {
  CLI::App* plan = app.add_subcommand(
      "plan", "begin a sweep's folder and print what is to be run: sweep plan [FILE.toml] --output DIR [-- ...]");
  auto request = std::make_shared<SweepRequest>();
  auto format = std::make_shared<PlanFormat>(PlanFormat::text);
  request->add_to(*plan);
  const std::map<std::string, PlanFormat> formats = {
      {"text", PlanFormat::text}, {"sh", PlanFormat::sh}, {"jsonl", PlanFormat::jsonl}};
  plan->add_option(
          "--format", *format,
          "text (default); sh: a command for each run that is left, for GNU parallel say; jsonl: an object for "
          "each run")
      ->transform(CLI::Transformer(formats));
  plan->footer(
      "The commands of sh may run anywhere, in any order, more than once and at the same time: a run that has a\n"
      "result is not run again. With stages, those of the stage that the sweep is at; the same command again\n"
      "prints the next stage's when they have ended.");
  return {plan,
          [request, format](const CommandLine& line) {
            const Specification specification = request->specification(line.rest);
            Job job = request->job(specification, line);
            StudyOptions options = request->options();
            options.purpose = Purpose::plan;
            options.format = *format;
            return run_study(job, specification, options);
          },
          true};
}

}  // namespace gradus::sweep
