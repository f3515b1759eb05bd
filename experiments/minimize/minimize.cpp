// Minimises a function by name with an optimizer by name, and writes the whole trajectory.
#include <fmt/format.h>

#include "experiments/minimize/minimization.h"

using namespace gradus;

namespace {

Plan declare_plan(lab::Run& run) {
  Plan plan{};
  plan.steps = run.option("steps", std::int64_t{1000}, "the most steps to take", lab::at_least(0));
  plan.gradient_tolerance =
      run.option("gradient_tolerance", 0.0, "stop where the gradient's norm is at most this", lab::at_least(0));
  plan.log_every = run.option("log_every", std::int64_t{1}, "write every n-th step, and the last", lab::at_least(1));
  plan.with_theta = run.option("log_theta", true, "write /theta");
  plan.trajectory_limit = run.option("trajectory_limit", std::int64_t{20'000'000},
                                     "the most numbers that /theta may hold", lab::at_least(1));
  plan.contour = run.option("contour", std::int64_t{0},
                            "in two dimensions: write values on a grid of n x n; 0 for none", lab::between(0, 2000));
  const std::string window = run.option("contour_window", "", "x_low,x_high,y_low,y_high; empty: around the path");
  if (!window.empty()) {
    const std::vector<double> numbers = parse_numbers("contour-window", window);
    if (numbers.size() != 4 || !(numbers[0] < numbers[1]) || !(numbers[2] < numbers[3]))
      throw lab::UsageError("--contour-window=" + window + ": expected x_low,x_high,y_low,y_high");
    plan.window = Window{numbers[0], numbers[1], numbers[2], numbers[3]};
  }
  plan.load_state = run.option("load_state", "", "go on from this state file, with --steps more steps");
  plan.save_state = run.control("save_state", "", "write the state at the end, to go on from; replaces the file");
  return plan;
}

void check_plan(const Plan& plan, std::int64_t dimension) {
  if (plan.contour == 1 || (plan.contour > 0 && dimension != 2))
    throw lab::UsageError(fmt::format("--contour={}: expected at least 2, and a problem of 2 dimensions, not {}",
                                      plan.contour, dimension));
  const double rows = static_cast<double>(plan.steps) / static_cast<double>(plan.log_every) + 2;
  if (plan.with_theta && rows * static_cast<double>(dimension) > static_cast<double>(plan.trajectory_limit))
    throw lab::UsageError(
        fmt::format("{} steps of {} numbers are more than --trajectory-limit={}: write fewer with --log-every, or none "
                    "with --log-theta=false",
                    plan.steps, dimension, plan.trajectory_limit));
}

}  // namespace

int main(int argc, char** argv) {
  return lab::main(
      "minimize", "Minimises a function by name with an optimizer by name and writes the trajectory.", argc, argv,
      [](lab::Run& run) {
        ProblemOptions asked(run);
        auto optimizer = run.optimizer("adam");
        const Plan plan = declare_plan(run);
        run.finish_options();
        const problems::Request& request = asked.load();
        check_plan(plan, request.dimension);
        if (!plan.load_state.empty() && asked.start_given())
          throw lab::UsageError("--start: --load-state says where to go on");
        Minimization(run, asked, request, optimizer, plan).run();
      },
      "float64");
}
