// One run of minimize: from the start, or where an earlier run stopped, to the end for whatever reason.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiments/lab/fingerprint.h"
#include "experiments/lab/run.h"
#include "experiments/minimize/contour.h"
#include "experiments/minimize/problem_options.h"
#include "experiments/minimize/trajectory.h"

namespace gradus {

// What decides on the points is here and in the options of problem and optimizer: steps, observe_every, load_state.
// All else is watching.
struct MinimizationPlan {
  std::int64_t steps = 0, observe_every = 0, log_every = 1, trajectory_limit = 0, contour = 0;
  double gradient_tolerance = 0;
  bool with_theta = true, other_numbers = false;
  std::optional<Window> window;
  std::string load_state, save_state;  // files, or empty
};

class Minimization {
 public:
  // Reads what is asked for, and refuses what does not go together; nothing is written yet. Throws
  // std::invalid_argument or, for a file, std::runtime_error.
  Minimization(lab::Run& run, ProblemOptions& asked, lab::ChosenOptimizer& optimizer, const MinimizationPlan& plan);

  // After the options are finished. Starts the run's output.
  void run();

  // All that the steps to come depend on, but for the optimizer.
  void visit(optim::StateVisitor& visitor);

 private:
  // A state file belongs to one problem: theta's only part has its name.
  std::vector<ParameterSlice> slices() const;
  void check() const;
  void load();
  void save();
  void start();
  void go_on();
  void iterate();
  void look();
  bool take_step();
  bool goes_on_after(const std::string& divergence);
  void last_row();
  void end(const std::string& reason, const std::string& why);
  void finish();

  lab::Run& run_;
  lab::ChosenOptimizer& optimizer_;
  MinimizationPlan plan_;
  const problems::Problem& problem_;
  // The method's own, and one to look at points at no cost to the method.
  std::unique_ptr<problems::TapeObjective> objective_, observer_;
  Tensor theta_;
  std::int64_t first_ = 0, step_ = 0;  // the number of the first step, and of the next one
  std::optional<Trajectory> trajectory_;
  std::optional<lab::Fingerprint> fingerprint_;
  std::vector<double> start_, minimiser_;
  TrajectoryPoint place_;
  bool diverged_ = false;
  double seconds_ = 0;
};

}  // namespace gradus
