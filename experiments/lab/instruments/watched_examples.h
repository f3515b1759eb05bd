// The examples on which an instrument measures.
#pragma once

#include "experiments/lab/instrument.h"

namespace gradus::lab {

// As many of the training set as are asked for, the first, always the same; none: those of the step's own batch.
class WatchedExamples {
 public:
  explicit WatchedExamples(std::int64_t count) : count_(count) {}
  // Gives them to the objective.
  void give(const Moment& at);

 private:
  std::int64_t count_;
  Batch batch_;
};

}  // namespace gradus::lab
