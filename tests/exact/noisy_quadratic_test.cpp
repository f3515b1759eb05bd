// Steps to a target on a noisy quadratic, to the step: Zhang et al. (2019). Curvatures h_i = 1/i for i up to 10,000,
// E theta_i^2 = 1 at the start, gradient noise of the variance h_i / B, and the target 1/2 sum h_i E theta_i^2 <= .01.
//
// These methods are linear in the gradients, so that what one of them does to a coordinate's second moment follows from
// two of its own paths without noise: m_t, from 1, and r_t, from 0 after a single gradient of 1. With the variance c of
// each step's noise, E theta_t^2 = m_t^2 + c sum_{j <= t} r_j^2. The figures are of an implementation other than ours.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "autodiff/tensor/vectors.h"
#include "experiments/workloads/quadratics.h"
#include "optim/optimizer.h"
#include "tests/sanitized.h"
#include "tests/workloads/training.h"

namespace gradus::workloads {
namespace {

// Coordinates with curvatures h [2n], two paths of each: without noise, and with a gradient of 1 at the
// first step, from 0.
class TwoPaths final : public optim::Objective {
 public:
  explicit TwoPaths(const Tensor& h) : h_(h) {}
  std::int64_t size() const override { return h_.size(); }
  DType dtype() const override { return DType::float64; }

 protected:
  double compute_value(const Tensor&) override { return 0; }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    vectors::multiply(h_, theta, gradient);
    if (is_first_) gradient.part(size() / 2, {size() / 2}).fill(1);
    is_first_ = false;
    return 0;
  }

 private:
  Tensor h_;
  bool is_first_ = true;
};

struct Setting {
  std::int64_t dimension = 10'000;
  double preconditioner = 0;  // p of H^p
  double noise_batch = 1;
  std::string method = "sgd";
  optim::NamedValues values = {};
};

// The expected loss after 1, 2, .. steps of the method.
class ExpectedLoss {
 public:
  explicit ExpectedLoss(const Setting& s)
      : h_(vector(2 * s.dimension)),
        begun_(vector(s.dimension)),
        fed_(vector(s.dimension)),
        noise_(vector(s.dimension)),
        squares_(vector(2 * s.dimension)),
        theta_(vector(2 * s.dimension)) {
    const std::int64_t n = s.dimension;
    for (std::int64_t i = 0; i < n; ++i) {
      const auto rank = static_cast<double>(i + 1);
      const double h = std::pow(rank, s.preconditioner - 1), start = std::pow(rank, -s.preconditioner);
      h_.set(i, h);
      h_.set(n + i, h);
      begun_.set(i, 0.5 * h * start);
      fed_.set(i, 0.5 * h * h / s.noise_batch);
      theta_.set(i, 1);
    }
    objective_ = std::make_unique<TwoPaths>(h_);
    optimizer_ = optim::make_optimizer(s.method, s.values);
  }
  double next() {
    optimizer_->step(*objective_, theta_);
    vectors::multiply(theta_, theta_, squares_);
    const Shape half = noise_.shape();
    vectors::axpy(1, squares_.part(half.size(), half), noise_);
    return vectors::dot(begun_, squares_.part(0, half)) + vectors::dot(fed_, noise_);
  }

 private:
  static Tensor vector(std::int64_t n) { return Tensor::zeros({n}, DType::float64); }

  Tensor h_, begun_, fed_, noise_, squares_, theta_;
  std::unique_ptr<TwoPaths> objective_;
  std::unique_ptr<optim::Optimizer> optimizer_;
};

struct Row {
  double log2_batch, rate;
  std::int64_t steps;
  double preconditioner = 0;
  double momentum = -1;  // below 0: gradient descent
};
const Row table[] = {{0, 0.0034, 6'024'939},  {8, 0.774, 25'778},         {10, 1.635, 10'354},
                     {16, 1.967, 6'888},      {20, 1.99, 6'722},          {0, 1.71e-4, 1'391'820, .5},
                     {8, 0.0434, 5'443, .5},  {10, 0.173, 1'364, .5},     {16, 1.931, 87, .5},
                     {20, 1.939, 82, .5},     {8, 0.0862, 23'607, 0, .9}, {16, 3.484, 411, 0, .9},
                     {20, 3.709, 356, 0, .9}, {20, 0.37, 544, 0, .99}};

TEST(NoisyQuadratic, IsAtItsTargetAtTheStepOfTheTable) {
  for (const Row& row : table) {
    if (row.steps > (sanitized ? 100 : 30'000)) continue;
    Setting setting{.preconditioner = row.preconditioner,
                    .noise_batch = std::exp2(row.log2_batch),
                    .values = {{"learning_rate", row.rate}}};
    if (row.momentum >= 0) {
      setting.method = "momentum";
      setting.values.emplace_back("momentum", row.momentum);
    }
    ExpectedLoss loss(setting);
    std::int64_t steps = 1;
    while (loss.next() > 0.01 && steps < 40'000) ++steps;
    EXPECT_EQ(steps, row.steps) << "2^" << row.log2_batch << ' ' << row.rate << ' ' << row.momentum;
  }
}

// For gradient descent the sums are geometric series, which reach the rows of a million steps too.
TEST(NoisyQuadratic, IsAtItsTargetThereByTheClosedFormToo) {
  for (const Row& row : table) {
    if (row.momentum >= 0) continue;
    const auto loss = [&](std::int64_t steps) {
      double sum = 0;
      for (int i = 1; i <= 10'000; ++i) {
        const double h = std::pow(i, row.preconditioner - 1), kept = std::pow(1 - row.rate * h, 2);
        const double left = std::pow(kept, static_cast<double>(steps));
        const double fed = row.rate * row.rate * h * std::exp2(-row.log2_batch);
        sum += 0.5 * h * (std::pow(i, -row.preconditioner) * left + fed * (1 - left) / (1 - kept));
      }
      return sum;
    };
    EXPECT_LE(loss(row.steps), 0.01) << row.log2_batch;
    EXPECT_GT(loss(row.steps - 1), 0.01) << row.log2_batch;
  }
}

// Where it ends: of an autoregression of order one or two.
TEST(NoisyQuadratic, HasItsFloor) {
  for (const double beta : {0.0, 0.9}) {
    const double rate = 0.5, batch = 20;
    ExpectedLoss loss({.dimension = 20,
                       .noise_batch = batch,
                       .method = "momentum",
                       .values = {{"learning_rate", rate}, {"momentum", beta}}});
    double last = 0, floor = 0;
    for (int step = 0; step < 2000; ++step) last = loss.next();
    for (int i = 1; i <= 20; ++i) {
      const double h = 1.0 / i;
      floor += 0.5 * rate * h / batch * (1 + beta) / ((1 - beta) * (2 * (1 + beta) - rate * h));
    }
    EXPECT_NEAR(last, floor, 1e-9 * floor) << beta;
  }
}

// What is drawn, and what is expected of it.
TEST(NoisyQuadratic, IsSimulatedAsExpected) {
  const Setting settings[] = {
      {.dimension = 100, .noise_batch = 20, .values = {{"learning_rate", 0.8}}},
      {.dimension = 100, .preconditioner = 0.5, .noise_batch = 20, .values = {{"learning_rate", 0.3}}},
      {.dimension = 100,
       .noise_batch = 20,
       .method = "momentum",
       .values = {{"learning_rate", 0.1}, {"momentum", 0.9}}}};
  const int seeds = 100, steps = 40;
  for (const Setting& setting : settings) {
    ExpectedLoss expectation(setting);
    double expected = 0;
    for (int step = 0; step < steps; ++step) expected = expectation.next();
    std::vector<double> found;
    for (int seed = 0; seed < seeds; ++seed) {
      Training training(NoisyQuadratic{.dimension = setting.dimension,
                                       .noise_batch = setting.noise_batch,
                                       .preconditioner = setting.preconditioner},
                        {"--seed=" + std::to_string(seed)}, setting.method, setting.values);
      training.steps(steps, 1);
      found.push_back(training.loss(training.workload.data.test));
    }
    const double mean = std::accumulate(found.begin(), found.end(), 0.0) / seeds;
    double squares = 0;
    for (const double loss : found) squares += (loss - mean) * (loss - mean);
    const double error = std::sqrt(squares / (seeds - 1) / seeds);
    EXPECT_LT(error, 0.1 * expected);
    EXPECT_NEAR(mean, expected, 3 * error) << setting.method << ' ' << setting.preconditioner;
  }
}

}  // namespace
}  // namespace gradus::workloads
