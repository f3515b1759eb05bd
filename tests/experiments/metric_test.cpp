#include "experiments/lab/metric.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/throws.h"

namespace gradus::lab {
namespace {

// Of batches given one after the other.
double value_of(const Metric& metric, const std::vector<Answers>& batches) {
  Metric::Sums sums{};
  for (const Answers& answers : batches) metric.add(answers, sums);
  return metric.value(sums);
}

TEST(Metric, IsWeightedByTheBatchesSizes) {
  const Tensor none = Tensor::zeros({1}, DType::float64);
  const std::vector<Answers> batches = {{none, none, 1.0, 3}, {none, none, 5.0, 1}};
  EXPECT_DOUBLE_EQ(value_of(loss_metric(), batches), 2);
  EXPECT_DOUBLE_EQ(value_of(perplexity(), batches), std::exp(2.0));
}

TEST(Metric, CountsRightAnswers) {
  const Tensor scores = Tensor::of({3, 3}, {1, 2, 3, 3, 2, 1, 2, 3, 1});
  const Tensor labels = Tensor::indices({2, 1, 2});
  EXPECT_DOUBLE_EQ(value_of(accuracy(), {{scores, labels, 0, 3}}), 1.0 / 3);
  EXPECT_DOUBLE_EQ(value_of(top_k(2), {{scores, labels, 0, 3}}), 2.0 / 3);
  EXPECT_DOUBLE_EQ(value_of(top_k(3), {{scores, labels, 0, 3}}), 1);
  EXPECT_EQ(top_k(2).column.name, "top_2");
  EXPECT_EQ(refusal_of([&] {
              value_of(accuracy(), {{scores, scores, 0, 3}});
            }),
            "accuracy: targets of float64, expected the int32 numbers of classes");
}

TEST(Metric, MeasuresErrors) {
  const Tensor a = Tensor::of({2, 1}, {1, 2}), at = Tensor::of({2, 1}, {1, 4});
  const Tensor b = Tensor::of({1, 1}, {7}), bt = Tensor::of({1, 1}, {10});
  EXPECT_DOUBLE_EQ(value_of(mean_squared_error(), {{a, at, 0, 2}, {b, bt, 0, 1}}), 13.0 / 3);
  // About the mean 5 of the targets 1, 4, 10.
  EXPECT_DOUBLE_EQ(value_of(r_squared(), {{a, at, 0, 2}, {b, bt, 0, 1}}), 1 - 13.0 / 42);
  // Far from zero no digits are lost.
  const Tensor far = Tensor::of({2, 1}, {1e9 + 1, 1e9 + 2}), target = Tensor::of({2, 1}, {1e9 + 1, 1e9 + 3});
  EXPECT_DOUBLE_EQ(value_of(r_squared(), {{far, target, 0, 2}}), 0.5);
  EXPECT_EQ(refusal_of([&] {
              value_of(mean_squared_error(), {{a, bt, 0, 2}});
            }),
            "metric: outputs [2, 1] and targets [1, 1] of float64, expected equally many numbers");
}

}  // namespace
}  // namespace gradus::lab
