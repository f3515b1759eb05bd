// Trains a network on batches with an optimizer, and evaluates it: the inner step of train() (train.h), for those who
// write their own loop.
#pragma once

#include <span>

#include "experiments/lab/batches.h"
#include "experiments/lab/metric.h"
#include "experiments/lab/network_objective.h"
#include "experiments/lab/plan.h"
#include "experiments/lab/run.h"

namespace gradus::lab {

struct Evaluation {
  double loss = 0, accuracy = 0;  // means over a source; loss in nats, accuracy in [0, 1]
};

class Trainer {
 public:
  // Draws the initial parameters from the run's stream "initialisation".
  Trainer(const Run& run, nn::Layer model, nn::Loss loss, optim::Optimizer& optimizer, Clock clock = Clock::wall);

  // One step on a batch, and on another one for curvature. In steady state it allocates nothing.
  optim::StepReport step(const Batch& batch);
  optim::StepReport step(const Batch& batch, const Batch& curvature_batch);
  // Metrics over the first examples of a source (most = 0: all) at the optimizer's evaluation point (theta, or an
  // average of its points), without randomness and without changing anything.
  std::vector<double> evaluate(const Source& source, std::span<const Metric> metrics, std::int64_t most = 0);
  // Loss and accuracy.
  Evaluation evaluate(const Source& source);

  // Spent in step() so far: neither evaluation nor logging.
  double training_seconds() const { return seconds_; }
  const optim::Costs& costs() const { return objective_.costs(); }
  const Tensor& parameters() const { return theta_; }
  NetworkObjective& objective() { return objective_; }

  // What its steps depend on beside their batches: parameters, and what the objective remembers; the optimizer is kept
  // apart, since a fork may have another one.
  void visit(optim::StateVisitor& visitor);

 private:
  NetworkObjective objective_;
  optim::Optimizer& optimizer_;
  Clock clock_;
  Tensor theta_;
  double seconds_ = 0;
};

}  // namespace gradus::lab
