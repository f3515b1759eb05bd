// A whole experiment: train a workload with an optimizer as planned.
//
//   lab::main("edge_of_stability", "..", argc, argv, [](lab::Run& run) {
//     const auto optimizer = run.optimizer("gradient_descent");
//     const lab::Workload workload = workloads::choose(run, workloads::FashionMlp{.loss = "squared_error"});
//     lab::train(run, workload, optimizer, lab::plan_of_options(run, workload.plan));
//   });
#pragma once

#include <functional>

#include "experiments/lab/trainer.h"
#include "experiments/lab/workload.h"

namespace gradus::lab {

struct Trained {
  Tensor parameters;  // at which the last evaluation was made
  std::int64_t steps = 0;
  double seconds = 0;  // in steps
  optim::Costs costs;
};

// Starts the run, if that has not been done, when it is known that the optimizer can train the workload: until then
// whatever is wrong is a UsageError. Writes the table "evaluation", by steps: the metrics of each set before the first
// step, after each interval of the plan and at the end, with what the training has cost; "step" and "solver"; and those
// of the instruments. Where the workload's target is reached for the first time, the run says when, in the attributes
// target_step, target_seconds and target_gradient_equivalents.
// It is the run's only training: throws std::logic_error where steps were logged before. Steps may follow.
Trained train(Run& run, const Workload& workload, const ChosenOptimizer& optimizer, const Plan& plan);

}  // namespace gradus::lab
