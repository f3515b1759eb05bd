// One run of minimize: from the start, or where an earlier run stopped, to the end for whatever reason.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "experiments/lab/run.h"
#include "experiments/minimize/contour.h"
#include "experiments/minimize/problem_options.h"
#include "experiments/minimize/trajectory.h"

namespace gradus {

struct Plan {
  std::int64_t steps = 0, log_every = 1, trajectory_limit = 0, contour = 0;
  double gradient_tolerance = 0;
  bool with_theta = true;
  std::optional<Window> window;
  std::string load_state, save_state;  // files, or empty
};

class Minimization {
 public:
  // Starts the output of the run.
  Minimization(lab::Run& run, const ProblemOptions& asked, const problems::Request& request,
               lab::ChosenOptimizer& optimizer, const Plan& plan);

  void run();

 private:
  // A state file belongs to one problem: theta's only part has its name.
  std::vector<optim::Slice> slices() const;
  void load();
  void save();
  void iterate();
  void look();
  void evaluate();
  bool take_step();
  void end(const std::string& reason, const std::string& why);
  void finish();

  lab::Run& run_;
  lab::ChosenOptimizer& optimizer_;
  Plan plan_;
  std::string problem_;
  // The method's own, and one to look at points at no cost to the method.
  std::unique_ptr<problems::TapeObjective> objective_, observer_;
  Tensor theta_;
  std::int64_t first_ = 0, step_ = 0;  // the number of the first step, and of the next one
  std::optional<Trajectory> trajectory_;
  std::vector<double> start_, minimiser_;
  Place place_;
  bool known_ = false;  // value and gradient norm are those of the place
  double seconds_ = 0;
};

}  // namespace gradus
