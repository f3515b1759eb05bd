// How a training goes: how long, on which batches, and when it is looked at.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "experiments/lab/batches.h"
#include "experiments/lab/instrument.h"

namespace gradus::lab {

class Run;

// What training is counted in.
enum class Unit {
  steps,
  epochs,                // examples that steps were given, over those of the training set
  examples,              // evaluated, each time one is
  gradient_equivalents,  // everything computed, in gradients of the whole training set (of one batch, if it is endless)
  products,              // with curvature
  seconds                // in steps, by Plan::clock
};
const char* name_of(Unit unit);

struct Amount {
  double count = 0;
  Unit unit = Unit::steps;
};
inline Amount steps(double count) { return {count, Unit::steps}; }
inline Amount epochs(double count) { return {count, Unit::epochs}; }
inline Amount examples(double count) { return {count, Unit::examples}; }
inline Amount gradient_equivalents(double count) { return {count, Unit::gradient_equivalents}; }
inline Amount products(double count) { return {count, Unit::products}; }
inline Amount seconds(double count) { return {count, Unit::seconds}; }

// Of the wall, or of the processor: those given to this process, where others compete for it.
enum class Clock { wall, processor };

constexpr std::int64_t whole_set = 0;

struct Plan {
  std::vector<Amount> budget = {};  // the first that is spent ends the training
  Amount evaluate_every = epochs(1);
  std::int64_t batch_size = 32;           // or whole_set
  std::int64_t curvature_batch_size = 0;  // of batches of their own for curvature; 0: the gradient's are taken
  Order order = Order::shuffled;
  std::int64_t evaluation_examples = whole_set;  // the first of each set
  Clock clock = Clock::wall;
  bool stop_at_target = false;  // where the workload has one
  std::vector<std::shared_ptr<Instrument>> instruments = {};
};

// The plan that options ask for, with these defaults: --budget-steps (or --steps), --budget-epochs (or --epochs), ...
// for each unit (0: no limit); --evaluation-interval and --evaluation-unit, --evaluation-examples, --batch-size,
// --curvature-batch-size, --clock, --stop-at-target, and what choose_instruments() declares. A budget that is given
// puts the others' defaults to 0, and an evaluation unit alone its interval to 1. Throws UsageError where nothing
// limits the training.
Plan plan_of_options(Run& run, Plan defaults);

}  // namespace gradus::lab
