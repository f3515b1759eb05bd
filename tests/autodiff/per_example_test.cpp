// Gradients of single examples against the gradients of batches of one.
#include "autodiff/per_example.h"

#include <gtest/gtest.h>

#include <cmath>

#include "autodiff/gradient.h"
#include "autodiff/operations.h"
#include "autodiff/tensor/random.h"
#include "tests/support/tensors.h"
#include "tests/support/throws.h"

namespace gradus {
namespace {

struct Problem {
  Tensor x = random_tensor({6, 5}, 1), labels = Tensor::indices({0, 2, 1, 1, 0, 2});
  std::vector<Tensor> weights{random_tensor({5, 4}, 2), random_tensor({4}, 3), random_tensor({4, 4}, 4),
                              random_tensor({4, 3}, 5), random_tensor({3}, 6)};

  // One weight is used twice, one through matmul and add, the others through affine.
  Var losses(Tape& tape, const std::vector<Var>& w, std::int64_t first, std::int64_t count) {
    rows = x.rows(first, count);
    targets = labels.rows(first, count);
    const Var h = tanh(add(matmul(tape.leaf(rows), w[0]), w[1]));
    const Var h2 = tanh(matmul(tanh(matmul(h, w[2])), w[2]));
    return cross_entropy_each(affine(h2, w[3], w[4]), tape.leaf(targets));
  }
  std::vector<Var> leaves(Tape& tape) const {
    std::vector<Var> vars;
    for (const Tensor& weight : weights) vars.push_back(tape.leaf(weight));
    return vars;
  }
  static constexpr std::int64_t parameters = 20 + 4 + 16 + 12 + 3;
  Tensor rows, targets;
};

TEST(PerExample, EqualsBatchesOfOne) {
  Problem problem;
  std::vector<std::vector<double>> expected;
  for (std::int64_t i = 0; i < 6; ++i) {
    Tape tape(DType::float64);
    const std::vector<Var> w = problem.leaves(tape);
    std::vector<double> flat;
    for (const Tensor& g : gradient(sum(problem.losses(tape, w, i, 1)), {w[0], w[1], w[2], w[3], w[4]}))
      for (const double value : g.to_vector()) flat.push_back(value);
    expected.push_back(flat);
  }
  Tape tape(DType::float64);
  const std::vector<Var> w = problem.leaves(tape);
  const Var losses = problem.losses(tape, w, 0, 6);
  const auto zeros = [](const Shape& shape) { return Tensor::zeros(shape, DType::float64); };
  const std::int64_t p = Problem::parameters;
  const Tensor gradients = zeros({6, p}), norms = zeros({6}), mean = zeros({p}), variance = zeros({p});
  per_example_gradients(losses, w, gradients);
  per_example_squared_norms(losses, w, norms);
  gradient_mean_and_variance(losses, w, mean, variance);
  for (std::int64_t i = 0; i < 6; ++i) {
    double norm = 0;
    for (std::int64_t k = 0; k < p; ++k) {
      const double g = expected[static_cast<std::size_t>(i)][static_cast<std::size_t>(k)];
      EXPECT_NEAR(gradients.at(i * p + k), g, 1e-13);
      norm += g * g;
    }
    EXPECT_NEAR(norms.at(i), norm, 1e-12);
  }
  for (std::size_t k = 0; k < static_cast<std::size_t>(p); ++k) {
    double m = 0, v = 0;
    for (const auto& g : expected) m += g[k] / 6;
    for (const auto& g : expected) v += (g[k] - m) * (g[k] - m) / 5;
    EXPECT_NEAR(mean.at(static_cast<std::int64_t>(k)), m, 1e-13);
    EXPECT_NEAR(variance.at(static_cast<std::int64_t>(k)), v, 1e-12);
  }
}

TEST(PerExample, MeanSquaresEqualThoseOfGradientsOfSingleRows) {
  Problem problem;
  Tape tape(DType::float64);
  const std::vector<Var> w = problem.leaves(tape);
  const std::int64_t p = Problem::parameters;
  const Tensor gradients = Tensor::zeros({6, p}, DType::float64), squares = Tensor::full({p}, 7, DType::float64);
  const Var losses = problem.losses(tape, w, 0, 6);
  per_example_gradients(losses, w, gradients);
  const Tensor cotangents = random_tensor({6}, 8);
  per_example_mean_squares(losses, cotangents, w, squares);
  for (std::int64_t k = 0; k < p; ++k) {
    double mean = 0;
    for (std::int64_t i = 0; i < 6; ++i) mean += std::pow(cotangents.at(i) * gradients.at(i * p + k), 2) / 6;
    EXPECT_NEAR(squares.at(k), mean, 1e-13 * (1 + mean));
  }
  EXPECT_THROW(per_example_mean_squares(losses, cotangents.rows(0, 2), w, squares), std::invalid_argument);
}

TEST(PerExample, KnowsConvolutions) {
  const Tensor x = random_tensor({3, 5, 4, 2}, 1), w = random_tensor({3, 2, 2, 4}, 2), b = random_tensor({4}, 3);
  const Tensor v = random_tensor({3, 2, 2, 4}, 4), bias = random_tensor({4}, 5);
  const Tensor labels = Tensor::indices({0, 2, 1});
  std::vector<Var> leaves;
  const auto losses = [&](Tape& tape, const Tensor& rows, const Tensor& targets) {
    leaves = {tape.leaf(w), tape.leaf(b), tape.leaf(v), tape.leaf(bias)};
    const Var a = conv2d(tape.leaf(rows), leaves[0], leaves[1], {.stride = {2, 1}, .padding = padding(1, 1)});
    const Var c = add(conv2d(tape.leaf(rows), leaves[2], {.stride = {2, 1}, .padding = padding(1, 1)}), leaves[3]);
    return cross_entropy_each(mean(tanh(a * c), {1, 2}), tape.leaf(targets));
  };
  Tape tape(DType::float64);
  const Var all = losses(tape, x, labels);
  const std::int64_t p = 48 + 4 + 48 + 4;
  const Tensor gradients = Tensor::zeros({3, p}, DType::float64), norms = Tensor::zeros({3}, DType::float64);
  per_example_gradients(all, leaves, gradients);
  per_example_squared_norms(all, leaves, norms);
  for (std::int64_t i = 0; i < 3; ++i) {
    Tape single(DType::float64);
    const Tensor row = x.rows(i, 1), label = labels.rows(i, 1);
    const Var loss = sum(losses(single, row, label));
    std::int64_t k = i * p;
    double norm = 0;
    for (const Tensor& g : gradient(loss, {leaves[0], leaves[1], leaves[2], leaves[3]}))
      for (const double value : g.to_vector()) {
        EXPECT_NEAR(gradients.at(k++), value, 1e-13);
        norm += value * value;
      }
    EXPECT_NEAR(norms.at(i), norm, 1e-12);
  }
}

TEST(PerExample, RefusesWhatMixesExamples) {
  Tape tape(DType::float64);
  const Tensor x = random_tensor({6, 4}, 1), w = random_tensor({4}, 2);
  const Var weight = tape.leaf(w), losses = sum(mul(tape.leaf(x), weight), {1});
  const Tensor out = Tensor::zeros({6, 4}, DType::float64);
  EXPECT_EQ(refusal_of([&] {
              per_example_gradients(losses, {&weight, 1}, out);
            }),
            "per_example_gradients: a leaf is operand 1 of mul, which cannot tell examples apart");
  EXPECT_EQ(refusal_of([&] {
              per_example_gradients(sum(losses), {&weight, 1}, out);
            }),
            "per_example_gradients: losses [], expected losses [n] with one number an example");
  EXPECT_EQ(refusal_of([&] {
              per_example_squared_norms(losses, {&weight, 1}, out);
            }),
            "per_example_squared_norms: destination [6, 4] of float64, expected [6] of float64");
}

}  // namespace
}  // namespace gradus
