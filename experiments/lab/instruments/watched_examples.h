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

// Two examples of the training set, at a point without meaning: an objective that shows what a model can be asked for.
// It must stay in place while the objective is asked.
class FewExamples {
 public:
  explicit FewExamples(const Watched& watched);

 private:
  Batch batch_;
  Tensor point_;
};

}  // namespace gradus::lab
