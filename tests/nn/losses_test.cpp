// Losses against their formulas in plain numbers, at first and second order, and shares of right answers.
#include "nn/losses.h"

#include <cmath>

#include "tests/nn/layer_check.h"

namespace gradus::nn {
namespace {

double log_probability(const Tensor& logits, std::int64_t row, std::int64_t c) {
  const std::int64_t classes = logits.shape()[1];
  double total = 0;
  for (std::int64_t k = 0; k < classes; ++k) total += std::exp(logits.at(row * classes + k));
  return logits.at(row * classes + c) - std::log(total);
}

TEST(CrossEntropy, WeighsSmoothsAndMasks) {
  const Tensor logits = random_tensor({4, 3}, 1), labels = Tensor::indices({2, 0, 1, 2});
  const Tensor class_weights = Tensor::of({3}, {0.5, 2, 1.5}), mask = Tensor::of({4}, {1, 0, 1, 2});
  for (const double smoothing : {0.0, 0.1, 1.0})
    for (const bool weighted : {false, true})
      for (const bool masked : {false, true}) {
        double loss = 0, total = 0;
        for (std::int64_t i = 0; i < 4; ++i) {
          const auto y = static_cast<std::int64_t>(labels.at(i));
          const auto w = [&](std::int64_t c) { return weighted ? class_weights.at(c) : 1; };
          const double m = masked ? mask.at(i) : 1;
          loss -= m * (1 - smoothing) * w(y) * log_probability(logits, i, y);
          for (std::int64_t c = 0; c < 3; ++c) loss -= m * smoothing / 3 * w(c) * log_probability(logits, i, c);
          total += m * w(y);
        }
        CrossEntropy f{.label_smoothing = smoothing};
        if (weighted) f.class_weights = class_weights;
        const FunctionOfLeaves function = [&](Tape& tape, const std::vector<Var>& x) {
          const Var l = tape.leaf(labels);
          return masked ? f(x[0], l, tape.leaf(mask)) : f(x[0], l);
        };
        Tape tape(DType::float64);
        EXPECT_NEAR(function(tape, {tape.leaf(logits)}).item(), loss / total, 1e-14) << smoothing << weighted << masked;
        EXPECT_EQ(gradcheck("CrossEntropy", function, {logits}), "");
      }
}

TEST(CrossEntropy, TakesSequencesAsManyExamples) {
  const Tensor logits = random_tensor({2, 3, 4}, 1);
  const Tensor list = Tensor::indices({0, 3, 1, 2, 2, 0}), labels = list.reshaped({2, 3});
  Tape tape(DType::float64);
  const double flat = cross_entropy(tape.leaf(logits.reshaped({6, 4})), tape.leaf(list)).item();
  EXPECT_EQ(cross_entropy(tape.leaf(logits), tape.leaf(labels)).item(), flat);
  EXPECT_EQ(CrossEntropy{}(tape.leaf(logits), tape.leaf(labels)).item(), flat);
  const Tensor soft = random_tensor({2, 3, 4}, 2);
  EXPECT_EQ(cross_entropy(tape.leaf(logits), tape.leaf(soft)).item(),
            cross_entropy(tape.leaf(logits.reshaped({6, 4})), tape.leaf(soft.reshaped({6, 4}))).item());
}

TEST(CrossEntropy, SaysWhatIsWrong) {
  Tape tape(DType::float64);
  const Tensor logits = random_tensor({2, 3}, 1), labels = Tensor::indices({0, 1}), three = Tensor::indices({0, 1, 2});
  const Tensor none = Tensor::zeros({2}, DType::float64);
  const Var x = tape.leaf(logits), y = tape.leaf(labels);
  EXPECT_EQ(refusal_of([&] { cross_entropy(x, tape.leaf(three)); }),
            "cross_entropy: labels [3] of int32 for logits [2, 3], expected [2] of int32");
  EXPECT_EQ(refusal_of([&] { CrossEntropy{.label_smoothing = 1.5}(x, y); }),
            "CrossEntropy: label smoothing 1.5, expected 0 to 1");
  EXPECT_EQ(refusal_of([&] { CrossEntropy{.class_weights = none}(x, y); }),
            "CrossEntropy: class weights [2] for logits [2, 3]");
  EXPECT_EQ(refusal_of([&] { CrossEntropy{}(x, y, tape.leaf(none)); }),
            "CrossEntropy: the weights of the examples add up to 0, expected more than 0");
  EXPECT_EQ(refusal_of([&] { CrossEntropy{}(x, x); }),
            "CrossEntropy: labels [2, 3] of float64 for logits [2, 3], expected [2] of int32");
}

TEST(BinaryCrossEntropy, IsStableAndWeighsThePositives) {
  const Tensor logits = Tensor::of({2, 2}, {0.3, -1.2, 2, 0.1}), targets = Tensor::of({2, 2}, {1, 0, 0.25, 1});
  for (const double weight : {1.0, 3.0}) {
    double loss = 0;
    for (std::int64_t i = 0; i < 4; ++i) {
      const double p = 1 / (1 + std::exp(-logits.at(i))), t = targets.at(i);
      loss -= (weight * t * std::log(p) + (1 - t) * std::log(1 - p)) / 4;
    }
    const FunctionOfLeaves function = [&](Tape&, const std::vector<Var>& x) {
      return binary_cross_entropy(x[0], x[1], weight);
    };
    Tape tape(DType::float64);
    EXPECT_NEAR(function(tape, {tape.leaf(logits), tape.leaf(targets)}).item(), loss, 1e-14);
    EXPECT_EQ(gradcheck("binary_cross_entropy", function, {logits, targets}), "");
  }
  Tape tape(DType::float32);
  const Tensor far = Tensor::of({2}, {500, -500}, DType::float32), right = Tensor::of({2}, {1, 0}, DType::float32);
  const Tensor wrong = Tensor::of({2}, {0, 1}, DType::float32);
  EXPECT_EQ(binary_cross_entropy(tape.leaf(far), tape.leaf(right)).item(), 0);
  EXPECT_EQ(binary_cross_entropy(tape.leaf(far), tape.leaf(wrong)).item(), 500);
  EXPECT_THROW(binary_cross_entropy(tape.leaf(far), tape.leaf(right), 0), std::invalid_argument);
}

TEST(KlDivergence, IsZeroForEqualDistributionsAndAllowsZeros) {
  Tape tape(DType::float64);
  const Tensor logits = random_tensor({2, 3}, 1), p = Tensor::of({2, 3}, {0.2, 0.3, 0.5, 0, 0.4, 0.6});
  const Var log_q = log_softmax(tape.leaf(logits));
  EXPECT_NEAR(kl_divergence(log_q, exp(log_q)).item(), 0, 1e-15);
  double loss = 0;
  for (std::int64_t i = 0; i < 6; ++i)
    if (p.at(i) > 0) loss += p.at(i) * (std::log(p.at(i)) - log_q.value().at(i)) / 2;
  EXPECT_NEAR(kl_divergence(log_q, tape.leaf(p)).item(), loss, 1e-14);
  const FunctionOfLeaves function = [](Tape&, const std::vector<Var>& x) {
    return kl_divergence(log_softmax(x[0]), softmax(x[1]));
  };
  EXPECT_EQ(gradcheck("kl_divergence", function, {logits, random_tensor({2, 3}, 2)}), "");
}

TEST(Hinge, ForTwoClassesAndForMany) {
  const Tensor scores = Tensor::of({4}, {0.5, -2, 3, 0.2}), signs = Tensor::of({4}, {1, 1, -1, -1});
  Tape tape(DType::float64);
  EXPECT_NEAR(hinge(tape.leaf(scores), tape.leaf(signs)).item(), (0.5 + 3 + 4 + 1.2) / 4, 1e-14);
  EXPECT_EQ(
      gradcheck("hinge", [&](Tape& t, const std::vector<Var>& x) { return hinge(x[0], t.leaf(signs)); }, {scores}), "");

  const Tensor x = Tensor::of({2, 3}, {0.1, 0.8, -0.5, 2, 0.3, 1.5}), labels = Tensor::indices({1, 0});
  for (const int power : {1, 2}) {
    double loss = 0;
    for (std::int64_t i = 0; i < 2; ++i)
      for (std::int64_t c = 0; c < 3; ++c) {
        const auto y = static_cast<std::int64_t>(labels.at(i));
        if (c != y) loss += std::pow(std::max(0.0, 0.9 + x.at(i * 3 + c) - x.at(i * 3 + y)), power) / 3 / 2;
      }
    const FunctionOfLeaves function = [&](Tape& t, const std::vector<Var>& v) {
      return multiclass_hinge(v[0], t.leaf(labels), 0.9, power);
    };
    EXPECT_NEAR(function(tape, {tape.leaf(x)}).item(), loss, 1e-14);
    EXPECT_EQ(gradcheck("multiclass_hinge", function, {x}), "");
  }
  EXPECT_EQ(refusal_of([&] { multiclass_hinge(tape.leaf(x), tape.leaf(labels), 1, 3); }),
            "multiclass_hinge: power 3, expected 1 or 2");
}

TEST(OneHotSquaredError, IsTheDistanceToOneHotTargets) {
  Tape tape(DType::float64);
  const Tensor x = Tensor::of({2, 3}, {0.1, 0.8, -0.5, 2, 0.3, 1.5}), labels = Tensor::indices({1, 0});
  const double expected = (0.01 + 0.04 + 0.25 + 1 + 0.09 + 2.25) / 2;
  EXPECT_NEAR(one_hot_squared_error(tape.leaf(x), tape.leaf(labels)).item(), expected, 1e-14);
  EXPECT_EQ(
      gradcheck("one_hot_squared_error",
                [&](Tape& t, const std::vector<Var>& v) { return one_hot_squared_error(v[0], t.leaf(labels)); }, {x}),
      "");
  EXPECT_EQ(refusal_of([&] { one_hot_squared_error(tape.leaf(labels), tape.leaf(labels)); }),
            "one_hot_squared_error: scores [2], expected [batch, classes]");
}

TEST(MeanAbsoluteError, IsTheMeanDistance) {
  Tape tape(DType::float64);
  const Tensor p = Tensor::of({3}, {1, -2, 5}), t = Tensor::of({3}, {0, 1, 5.5});
  EXPECT_NEAR(mean_absolute_error(tape.leaf(p), tape.leaf(t)).item(), 4.5 / 3, 1e-15);
  EXPECT_EQ(gradcheck("mean_absolute_error",
                      [&](Tape& s, const std::vector<Var>& x) { return mean_absolute_error(x[0], s.leaf(t)); }, {p}),
            "");
  EXPECT_EQ(refusal_of([&] { mean_absolute_error(tape.leaf(p), tape.leaf(t.part(0, {2}))); }),
            "mean_absolute_error: shapes differ: [3] and [2]");
}

TEST(Accuracy, CountsRightAnswersAmongTheFirstK) {
  const Tensor logits = Tensor::of({5, 3}, {3, 2, 1, 1, 2, 3, 2, 2, 1, 0, NAN, 1, 5, 5, 5}, DType::float32);
  const Tensor labels = Tensor::indices({0, 1, 1, 1, 0});
  EXPECT_EQ(accuracy(logits, labels),
            2.0 / 5);  // rows 0 and 4; in row 2 the first of two equals wins, NaN is never right
  EXPECT_EQ(top_k_accuracy(logits, labels, 2), 4.0 / 5);
  EXPECT_EQ(top_k_accuracy(logits, labels, 3), 4.0 / 5);
  EXPECT_EQ(top_k_accuracy(logits.part(0, {1, 2, 3}), labels.part(0, {1, 2}), 1), 0.5);
  const Tensor nan = Tensor::of({1, 2}, {NAN, 1});
  EXPECT_EQ(accuracy(nan, Tensor::indices({1})), 0);
  EXPECT_THROW(accuracy(logits, Tensor::indices({0, 1})), std::invalid_argument);
  EXPECT_THROW(accuracy(logits, Tensor::indices({0, 1, 2, 3, 0})), std::invalid_argument);
  EXPECT_THROW(top_k_accuracy(logits, labels, 0), std::invalid_argument);
}

}  // namespace
}  // namespace gradus::nn
