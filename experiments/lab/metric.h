// What is measured of a model's answers: a column, and how a batch adds to it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "autodiff/tensor/tensor.h"
#include "experiments/records/run_table.h"

namespace gradus::lab {

// The model's answers to a batch.
struct Answers {
  const Tensor& outputs;
  const Tensor& targets;
  double loss;            // the mean over the examples
  std::int64_t examples;  // or positions, where each has a label of its own
};

// A metric of one's own is a value like these; its sums begin at 0.
struct Metric {
  using Sums = std::array<double, 4>;
  records::Column column;  // its name is preceded by that of the set: test_accuracy
  std::function<void(const Answers&, Sums&)> add;
  std::function<double(const Sums&)> value;
};

// The mean loss over the examples; of cross-entropies in nats.
Metric loss_metric(std::string units = "nat");
// The share of labels whose output is the largest, or among the k largest: see nn::right_answers.
Metric accuracy();
Metric top_k(int k);
// (output - target)^2, the mean over all numbers.
Metric mean_squared_error(std::string units = "1");
// 1 - sum (output - target)^2 / sum (target - mean target)^2 over all numbers, with one mean for all.
Metric r_squared();
// exp of the mean loss.
Metric perplexity();

}  // namespace gradus::lab
