// What is still known of each task after each task.
#pragma once

#include <vector>

#include "experiments/lab/trainer.h"

namespace gradus::workloads {

// The table "accuracy", a row for each task learnt: test_accuracy [task], of all classes; mean_validation_accuracy and
// mean_test_accuracy over the tasks learnt so far; learnt_validation_accuracy, the mean over these of the accuracy
// right after each was learnt; and forgetting, the mean over the earlier tasks of what their test accuracy has lost
// since then (Chaudhry et al. 2018, with the accuracy right after the task for the highest one), 0 in the first row.
class AccuracyMatrix {
 public:
  // Over the first examples of each set (most = 0: all). Each task has a validation and a test set; otherwise
  // std::invalid_argument. The tasks stay in place.
  AccuracyMatrix(lab::Run& run, const std::vector<lab::Dataset>& tasks, std::int64_t most = 0);
  // One more task has been learnt.
  void measure(lab::Trainer& trainer);

 private:
  double accuracy(lab::Trainer& trainer, const lab::Source& set) const;

  const std::vector<lab::Dataset>& tasks_;
  std::int64_t most_;
  lab::RunTable& table_;
  struct Learnt {
    double validation, test;
  };
  std::vector<Learnt> learnt_;  // the accuracies of each task so far when it had just been learnt
};

}  // namespace gradus::workloads
