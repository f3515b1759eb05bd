// Minimises a function by name with an optimizer by name, and writes the whole trajectory.
#include <fmt/format.h>

#include "experiments/minimize/minimization.h"

using namespace gradus;

namespace {

MinimizationPlan declare_plan(lab::Run& run, const lab::ChosenOptimizer& optimizer) {
  MinimizationPlan plan{};
  plan.steps = run.option("steps", std::int64_t{1000}, "the most steps to take", lab::at_least(0));
  plan.gradient_tolerance =
      run.option("gradient_tolerance", 0.0, "stop where the gradient's norm is at most this", lab::at_least(0));
  if (optimizer.observes())
    plan.observe_every = run.option("observe_every", std::int64_t{1}, "the schedule sees the value at every n-th step",
                                    lab::at_least(1));
  plan.log_every = run.option("log_every", std::int64_t{1}, "write every n-th step, and the last", lab::at_least(1));
  plan.with_theta = run.option("log_theta", true, "write the points, /step/theta");
  plan.trajectory_limit = run.option("trajectory_limit", std::int64_t{20'000'000},
                                     "the most numbers that /step/theta may hold", lab::at_least(1));
  plan.contour = run.option("contour", std::int64_t{0},
                            "in two dimensions: write values on a grid of n x n; 0 for none", lab::between(0, 2000));
  const std::string window = run.option("contour_window", "", "x_low,x_high,y_low,y_high; empty: around the path",
                                        lab::numbers_or("contour-window", {""}));
  if (!window.empty()) {
    const std::vector<double> numbers = lab::parse_numbers("contour-window", window);
    if (numbers.size() != 4 || !(numbers[0] < numbers[1]) || !(numbers[2] < numbers[3]))
      throw lab::UsageError(fmt::format("--contour-window={}: expected x_low,x_high,y_low,y_high", window));
    plan.window = Window{numbers[0], numbers[1], numbers[2], numbers[3]};
  }
  plan.load_state = run.option("load_state", "", "go on from this state file, with --steps more steps");
  plan.other_numbers =
      run.option("other_numbers", false, "also a state of other hyperparameters, such as another rate");
  plan.save_state = run.control("save_state", "",
                                "write the state at the end, to go on from; replaces a state file, unless the run "
                                "diverges");
  run.paths().reads("load-state", plan.load_state);
  run.paths().writes("save-state", plan.save_state);
  return plan;
}

}  // namespace

int main(int argc, char** argv) {
  return lab::main(
      "minimize", "Minimises a function by name with an optimizer by name and writes the trajectory.", argc, argv,
      [](lab::Run& run) {
        ProblemOptions asked(run);
        auto optimizer = run.optimizer("adam");
        // It ends the run, at the point that is evaluated; a method that stopped by itself would make an average of its
        // points another one.
        optimizer.forget("gradient_tolerance");
        const MinimizationPlan plan = declare_plan(run, optimizer);
        Minimization minimization(run, asked, optimizer, plan);
        run.finish_options();
        minimization.run();
      },
      "float64");
}
