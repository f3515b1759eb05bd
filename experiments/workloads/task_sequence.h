// Tasks that are learnt one after another, made of one data set.
#pragma once

#include <vector>

#include "autodiff/tensor/random.h"
#include "experiments/lab/source.h"
#include "settings/catalogue.h"

namespace gradus::workloads {

// How a data set with labels becomes `count` data sets, one a task, each for all its sets.
struct TaskSequence {
  std::string name, help;
  std::vector<lab::Dataset> (*make)(const lab::Dataset& data, std::int64_t count, const RandomStream& random);
};

// split: task i has the i-th share of the classes, under their own labels (Zenke, Poole & Ganguli 2017, with one head);
// permuted: all classes, and the numbers of each input in another order for each task but the first (Goodfellow et al.
// 2014).
const settings::Catalogue<TaskSequence>& task_sequences();

}  // namespace gradus::workloads
