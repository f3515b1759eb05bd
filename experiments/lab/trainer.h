// Trains a network on batches with an optimizer, and evaluates it.
#pragma once

#include <functional>

#include "experiments/lab/network_objective.h"
#include "experiments/lab/run.h"

namespace gradus::lab {

class Trainer {
 public:
  // Draws the initial parameters from the run's stream "initialisation".
  Trainer(Run& run, nn::Layer model, nn::Loss loss, optim::Optimizer& optimizer);

  // One step on a batch. In steady state it allocates nothing.
  optim::StepReport step(const Batch& batch);
  // Mean loss and accuracy over a split at the optimizer's evaluation point (theta, or an average of its points),
  // without randomness and without changing anything.
  Evaluation evaluate(const Split& split);

  // Seconds spent in step() so far: neither evaluation nor logging.
  double training_seconds() const { return seconds_; }
  const optim::Costs& costs() const { return objective_.costs(); }
  const Tensor& parameters() const { return theta_; }

 private:
  NetworkObjective objective_;
  optim::Optimizer& optimizer_;
  Tensor theta_;
  double seconds_ = 0;
};

}  // namespace gradus::lab
