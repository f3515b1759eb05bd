// What minimize writes of a run: a row of /step for each point, the solver's account, and the end.
#pragma once

#include <optional>
#include <vector>

#include "experiments/lab/run.h"
#include "experiments/problems/tape_objective.h"

namespace gradus {

// Where a run is: the point, and what is known there without being charged to the method.
struct TrajectoryPoint {
  std::int64_t step = 0;
  Tensor theta;
  double value = 0, gradient_norm = 0;
  bool is_finite() const;  // all of them
};

class Trajectory {
 public:
  // Starts the run's output, with /theta if it is wanted.
  Trajectory(lab::Run& run, std::int64_t dimension, DType type, bool with_theta);

  // A row: the place, the costs before the step from it, and what the step was; nothing for the last place.
  void add(const TrajectoryPoint& place, const optim::Costs& costs, double seconds, const optim::StepReport* report,
           double step_norm);
  // The path, of a run that goes on.
  void visit(optim::StateVisitor& visitor);
  // The rows of theta so far.
  const std::vector<std::vector<double>>& path() const { return path_; }

 private:
  lab::Run& run_;
  bool with_theta_, keep_path_;
  std::vector<double> row_;
  std::vector<std::vector<double>> path_;  // in two dimensions
};

}  // namespace gradus
