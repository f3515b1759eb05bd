// What is trained: a model, a loss, data and what is measured, under a name.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "experiments/lab/metric.h"
#include "experiments/lab/plan.h"
#include "experiments/lab/source.h"
#include "nn/layer.h"
#include "nn/loss.h"

namespace gradus::lab {

// What a model is made for.
struct Task {
  Shape input;               // of one example: [pixels], [height, width], [time, features], [time] tokens, ...
  std::int64_t outputs = 0;  // numbers for one example, or for one position of it: classes, where there are some
  std::int64_t tokens = 0;   // of whole numbers as inputs: how many different ones
};
// Of the training examples.
Task task_of(const Source& train);

// A value that a metric of a set shall reach: {"test_accuracy", 0.9}. Where there is no such set, it is never reached.
struct Target {
  std::string column = {};  // empty: there is none
  double value = 0;
};

struct Workload {
  std::string name;
  std::function<nn::Layer(const Task& task)> model;
  nn::Loss loss;
  Dataset data;
  std::vector<Metric> metrics;  // the first is what schedules observe: the loss
  Plan plan = {};               // by default
  Target target = {};
};

}  // namespace gradus::lab
