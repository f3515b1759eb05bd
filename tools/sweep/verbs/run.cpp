// sweep run: runs a grid, and whatever of it is left.
#include <memory>

#include "tools/sweep/request.h"
#include "tools/sweep/verb.h"

namespace gradus::sweep {
namespace {

constexpr const char* footer = R"(Values of an option:
  sgd,adam           a list (a literal comma is written \,)
  0:4  0:10:2        integers, both ends included (a literal colon is written \:)
  log:1e-4:1e-1:4    four points evenly spaced in the logarithm
  uniform(0,1)  log_uniform(1e-4,1)  integer(1,9)  choice(sgd,adam)
                     drawn, together with the other drawn options: needs --draws=N

Examples:
  sweep run --output results/first -- build/bin/optimizer_comparison --optimizer=sgd,adam --seed=0:4
  sweep run experiments/optimizer_comparison/sweep.toml --output results/first -- --epochs=1
  sweep run --output results/search --draws=32 --draw-method=sobol --only='momentum: optimizer=sgd' -- \
      build/bin/train_workload --optimizer=sgd,adam --learning-rate='log_uniform(1e-4,1)' --momentum='uniform(0,0.99)'

Finished runs of the folder are skipped, so the same command continues a sweep that was interrupted;
runs that have a checkpoint go on from it.
Exit codes: 0 every run completed or diverged, 1 a run failed, 2 usage, 75 runs are pending that can go on
(also after SIGUSR1), 130 interrupted.)";

}  // namespace

Verb run_verb(CLI::App& app) {
  CLI::App* run =
      app.add_subcommand("run", "run a grid: sweep run [FILE.toml] --output DIR [-- PROGRAM --option=values ...]");
  auto request = std::make_shared<SweepRequest>();
  request->add_to(*run);
  request->add_dry_run(*run);
  run->footer(footer);
  return {run,
          [request](const CommandLine& line) {
            const Specification specification = request->specification(line.rest);
            Job job = request->job(specification, line);
            return run_study(job, specification, request->options());
          },
          true};
}

}  // namespace gradus::sweep
