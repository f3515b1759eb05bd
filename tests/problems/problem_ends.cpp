// Every problem with every method to its end, as ends_test has it, with as many steps as one likes: prints each end,
// and what does not hold of it. usage: problem_ends [STEPS [METHOD]]
#include <fmt/format.h>

#include <cstdlib>

#include "experiments/records/program.h"
#include "tests/problems/ends.h"

using namespace gradus;

namespace {

int run_all(int argc, char** argv) {
  const std::int64_t steps = argc > 1 ? std::strtoll(argv[1], nullptr, 10) : 20000;
  const std::string only = argc > 2 ? argv[2] : "";
  if (steps < 1) throw records::UsageError("usage: problem_ends [STEPS [METHOD]]");
  int pairs = 0, refused = 0, faults = 0;
  for (const optim::Method& method : optim::methods()) {
    if (!only.empty() && method.name != only) continue;
    for (const problems::Problem& problem : problems::problems()) {
      ++pairs;
      const std::string pair = fmt::format("{:20} {:26}", method.name, problem.name);
      if (const std::string why = problems::refusal_of(problem, method); !why.empty()) {
        ++refused;
        fmt::print("{} refused: {}\n", pair, why);
        continue;
      }
      const problems::End end = problems::run_to_end(
          problem, {.method = method.name, .values = problems::settings_for_functions(method.name)},
          problems::steps_for(problem, method, steps));
      const char* status = end.diverged ? "diverged" : end.step_limit ? "step_limit" : optim::name_of(end.reason);
      fmt::print("{} {:12} {:7} steps  {:.10g} (start {:.4g}, minimum {:.10g})\n", pair, status, end.steps, end.value,
                 end.start, problem.minimum(problem.dimensions.standard).value);
      for (const std::string& fault : problems::faults_of(problem, method, end)) {
        ++faults;
        fmt::print("{} FAULT {}\n", pair, fault);
      }
    }
  }
  fmt::print("{} pairs, {} refused, {} faults\n", pairs, refused, faults);
  return faults > 0;
}

}  // namespace

int main(int argc, char** argv) {
  return records::guarded_main("problem_ends", [&] { return run_all(argc, argv); });
}
