// AdaHessian and Sophia against their papers' formulas, in plain loops.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/optim/dense_objective.h"

namespace gradus::optim {
namespace {

const Vector curvature{0.5, 3, -2, 10, 0.01};  // of a diagonal Hessian, for which random signs are exact
const Vector start{1, -2, 0.3, 0.7, -5};

void expect_near(const Tensor& found, const Vector& expected, double bound, const char* what) {
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(found.at(static_cast<std::int64_t>(i)), expected[i], bound * (1 + std::abs(expected[i])))
        << what << " " << i;
}

TEST(AdaHessian, IsAlgorithm1WithTheExactDiagonal) {
  for (const double power : {1.0, 0.5})
    for (const int interval : {1, 3}) {
      DenseObjective objective = diagonal_quadratic(curvature);
      const auto optimizer = make_optimizer("adahessian", {{"learning_rate", 0.05},
                                                           {"beta2", 0.9},
                                                           {"hessian_power", power},
                                                           {"weight_decay", 0.01},
                                                           {"update_interval", interval}});
      const Tensor theta = Tensor::of({5}, start);
      Vector x = start, m(5), v(5);
      int estimates = 0;
      for (int t = 1; t <= 30; ++t) {
        optimizer->step(objective, theta);
        if ((t - 1) % interval == 0) ++estimates;
        for (std::size_t i = 0; i < 5; ++i) {
          const double g = curvature[i] * x[i];
          m[i] = 0.9 * m[i] + 0.1 * g;
          if ((t - 1) % interval == 0) v[i] = 0.9 * v[i] + 0.1 * curvature[i] * curvature[i];
          const double mean = m[i] / (1 - std::pow(0.9, t)), square = v[i] / (1 - std::pow(0.9, estimates));
          x[i] = x[i] - 0.05 * (mean / (std::pow(std::sqrt(square), power) + 1e-4) + 0.01 * x[i]);
        }
      }
      expect_near(theta, x, 1e-11, "adahessian");
    }
}

TEST(AdaHessian, AveragesOverTheKernel) {
  // Two places of one channel: both see the mean of their curvatures.
  DenseObjective objective = diagonal_quadratic({1, 3});
  objective.parts = {{"weight", {1, 2, 1, 1}, 0, {}}};
  const Tensor theta = Tensor::of({2}, {1, 1}), apart = theta.clone();
  make_optimizer("adahessian", {{"learning_rate", 0.1}})->step(objective, theta);
  EXPECT_NEAR(theta.at(0), 1 - 0.1 * 1 / (2 + 1e-4), 1e-12);
  EXPECT_NEAR(theta.at(1), 1 - 0.1 * 3 / (2 + 1e-4), 1e-12);
  make_optimizer("adahessian", {{"learning_rate", 0.1}, {"spatial_averaging", 0}})->step(objective, apart);
  EXPECT_NEAR(apart.at(1), 1 - 0.1 * 3 / (3 + 1e-4), 1e-12);
}

TEST(Sophia, IsAlgorithm3WithTheExactDiagonal) {
  DenseObjective objective = diagonal_quadratic(curvature);
  const auto optimizer = make_optimizer("sophia", {{"learning_rate", 0.03},
                                                   {"estimator", "hutchinson"},
                                                   {"gamma", 0.5},
                                                   {"beta2", 0.8},
                                                   {"weight_decay", 0.1},
                                                   {"update_interval", 4},
                                                   {"clip", 0.9}});
  const Tensor theta = Tensor::of({5}, start);
  Vector x = start, m(5), h(5);
  for (int t = 1; t <= 30; ++t) {
    optimizer->step(objective, theta);
    for (std::size_t i = 0; i < 5; ++i) {
      m[i] = 0.96 * m[i] + 0.04 * curvature[i] * x[i];
      if (t % 4 == 1) h[i] = 0.8 * h[i] + 0.2 * curvature[i];
      x[i] -= 0.03 * 0.1 * x[i];
      x[i] -= 0.03 * std::min(std::max(m[i] / std::max(0.5 * h[i], 1e-12), -0.9), 0.9);
    }
  }
  expect_near(theta, x, 1e-12, "sophia");
}

TEST(Sophia, MultipliesSampledGradientsByTheBatch) {
  DenseObjective objective = diagonal_quadratic(curvature);
  objective.batch = 32;
  std::vector<std::uint64_t> keys;
  objective.sampled = [&](std::uint64_t key) {
    keys.push_back(key);
    return Vector{0.1, 0.2, 0.3, 0.4, 1};
  };
  const auto optimizer = make_optimizer("sophia", {{"learning_rate", 0.03}, {"gamma", 2.0}, {"update_interval", 2}});
  const Tensor theta = Tensor::of({5}, start);
  Vector x = start, m(5), h(5);
  const double sampled[] = {0.1, 0.2, 0.3, 0.4, 1};
  for (int t = 1; t <= 4; ++t) {
    optimizer->step(objective, theta);
    for (std::size_t i = 0; i < 5; ++i) {
      m[i] = 0.96 * m[i] + 0.04 * curvature[i] * x[i];
      if (t % 2 == 1) h[i] = 0.99 * h[i] + 0.01 * 32 * sampled[i] * sampled[i];
      x[i] -= 0.03 * std::min(std::max(m[i] / std::max(2 * h[i], 1e-12), -1.0), 1.0);
    }
  }
  expect_near(theta, x, 1e-12, "sophia");
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_NE(keys[0], keys[1]);
}

TEST(DiagonalMethods, ReportWhatIsNotFiniteAndStay) {
  const double bad = std::nan("");
  for (const char* name : {"adahessian", "sophia"})
    for (const bool in_product : {false, true}) {
      DenseObjective objective([=](const Vector& t, Vector& g) { return g = t, in_product ? 1.0 : bad; }, 5,
                               [=](const Vector&) { return Vector(25, bad); });
      NamedValues values;
      if (std::string(name) == "sophia") values.emplace_back("estimator", "hutchinson");
      const auto optimizer = make_optimizer(name, values);
      const Tensor theta = Tensor::of({5}, start);
      EXPECT_EQ(optimizer->step(objective, theta).reason, Reason::not_finite);
      EXPECT_EQ(theta.to_vector(), start);
    }
}

TEST(DiagonalMethods, ContinueWithTheSameBits) {
  for (const char* name : {"adahessian", "sophia"}) {
    NamedValues values{{"update_interval", 3}};
    if (std::string(name) == "sophia") values.emplace_back("estimator", "hutchinson");
    // Not diagonal, so that every draw matters.
    const auto make = [] {
      return DenseObjective(quadratic().function, 10, [](const Vector&) {
        Vector h = random_numbers(100, 9);
        for (std::size_t i = 0; i < 10; ++i)
          for (std::size_t j = 0; j < i; ++j) h[i * 10 + j] = h[j * 10 + i];
        return h;
      });
    };
    DenseObjective objective = make();
    const Tensor theta = Tensor::of({10}, quadratic().start);
    const auto optimizer = make_optimizer(name, values);
    for (int i = 0; i < 4; ++i) optimizer->step(objective, theta);
    const auto fresh = continued(*optimizer, name, values);
    const Tensor other = theta.clone();
    for (int i = 0; i < 5; ++i) optimizer->step(objective, theta), fresh->step(objective, other);
    EXPECT_EQ(theta.to_vector(), other.to_vector()) << name;
  }
}

}  // namespace
}  // namespace gradus::optim
