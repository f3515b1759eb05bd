// K-FAC against dense matrices, and second-order methods on a small autoencoder.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "experiments/lab/network_objective.h"
#include "experiments/workloads/autoencoder.h"
#include "nn/layers.h"
#include "nn/losses.h"
#include "tests/optim/dense_objective.h"
#include "tests/support/tensors.h"

namespace gradus::lab {
namespace {

using optim::make_optimizer;
using optim::Vector;

// x with matrix x = right, by Gaussian elimination.
Vector solve(Vector matrix, Vector right) {
  const std::size_t n = right.size();
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k; i < n; ++i)
      if (std::abs(matrix[i * n + k]) > std::abs(matrix[pivot * n + k])) pivot = i;
    for (std::size_t j = 0; j < n; ++j) std::swap(matrix[k * n + j], matrix[pivot * n + j]);
    std::swap(right[k], right[pivot]);
    for (std::size_t i = k + 1; i < n; ++i) {
      const double factor = matrix[i * n + k] / matrix[k * n + k];
      for (std::size_t j = k; j < n; ++j) matrix[i * n + j] -= factor * matrix[k * n + j];
      right[i] -= factor * right[k];
    }
  }
  for (std::size_t k = n; k-- > 0;) {
    for (std::size_t j = k + 1; j < n; ++j) right[k] -= matrix[k * n + j] * right[j];
    right[k] /= matrix[k * n + k];
  }
  return right;
}

double mean_diagonal(const Tensor& a) {
  double sum = 0;
  const std::int64_t n = a.shape()[0];
  for (std::int64_t i = 0; i < n; ++i) sum += a.at(i * n + i) / static_cast<double>(n);
  return sum;
}

NetworkObjective dense_network() {
  return NetworkObjective(nn::Sequential{nn::Linear{3, 4}, nn::Tanh{}, nn::Linear{4, 2}}, nn::mean_squared_error,
                          DType::float64, RandomStream(1));
}
// 6x6 images; a convolution of stride 2, normalisation (no block), and a dense layer.
NetworkObjective convolution_network() {
  return NetworkObjective(nn::Sequential{nn::Unflatten{{6, 6, 1}}, nn::Conv2d{1, 2, {3, 3}, {.stride = {2, 2}}},
                                         nn::Tanh{}, nn::Flatten{}, nn::LayerNorm{8}, nn::Linear{8, 2}},
                          nn::mean_squared_error, DType::float64, RandomStream(1));
}

TEST(Kfac, StepIsTheGradientSolvedWithTheDampedKroneckerProduct) {
  for (const bool convolution : {false, true}) {
    NetworkObjective objective = convolution ? convolution_network() : dense_network();
    const std::int64_t in = convolution ? 36 : 3;
    const Tensor theta = random_tensor({objective.size()}, 2);
    objective.set_batch({random_tensor({5, in}, 3), random_tensor({5, 2}, 4)});
    objective.move_to(theta);
    const Vector gradient = objective.gradient().to_vector(), before = theta.to_vector();
    std::vector<KroneckerBlock> blocks;
    objective.curvature()->kronecker_factors(RandomStream(0).child("kfac", 0).bits(), blocks);
    ASSERT_EQ(blocks.size(), 2u);

    constexpr double damping = 0.25;
    Vector expected(before.size());
    std::vector<bool> covered(before.size());
    for (const KroneckerBlock& b : blocks) {
      const ParameterSlice& weight = objective.slices()[b.weight];
      const ParameterSlice& bias = objective.slices()[static_cast<std::size_t>(b.bias)];
      const auto n = static_cast<std::size_t>(b.inputs.shape()[0]), m = static_cast<std::size_t>(b.outputs.shape()[0]);
      const double pi = std::sqrt(mean_diagonal(b.inputs) / mean_diagonal(b.outputs)), root = std::sqrt(damping);
      Vector matrix(n * m * n * m), right(n * m);
      const auto place = [&](std::size_t i, std::size_t j) {
        const bool is_bias = i + 1 == n;
        return static_cast<std::size_t>(is_bias ? bias.offset : weight.offset) + (is_bias ? 0 : i * m) + j;
      };
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < m; ++j) {
          right[i * m + j] = gradient[place(i, j)];
          for (std::size_t k = 0; k < n; ++k)
            for (std::size_t l = 0; l < m; ++l)
              matrix[(i * m + j) * n * m + k * m + l] =
                  (b.inputs.at(static_cast<std::int64_t>(i * n + k)) + (i == k ? pi * root : 0)) *
                  (b.outputs.at(static_cast<std::int64_t>(j * m + l)) + (j == l ? root / pi : 0));
        }
      const Vector solved = solve(matrix, right);
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < m; ++j) {
          expected[place(i, j)] = -solved[i * m + j];
          covered[place(i, j)] = true;
        }
    }
    for (std::size_t i = 0; i < expected.size(); ++i)
      if (!covered[i]) expected[i] = -0.02 * gradient[i];
    const auto optimizer = make_optimizer(
        "kfac",
        {{"rescaling", "kl_clip"}, {"kl_bound", 1e12}, {"initial_damping", damping}, {"plain_learning_rate", 0.02}});
    EXPECT_EQ(optimizer->step(objective, theta).reason, optim::Reason::stepped);
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(theta.at(static_cast<std::int64_t>(i)) - before[i], expected[i], 1e-10) << convolution << " " << i;
  }
}

TEST(Kfac, ClippingBoundsTheStepInTheFactoredMetric) {
  NetworkObjective objective = dense_network();
  objective.set_batch({random_tensor({5, 3}, 3), random_tensor({5, 2}, 4)});
  const Tensor free = random_tensor({objective.size()}, 2), clipped = free.clone(), start = free.clone();
  const auto step = [&](const Tensor& theta, double bound) {
    make_optimizer("kfac", {{"rescaling", "kl_clip"}, {"kl_bound", bound}})->step(objective, theta);
    double product = 0;
    objective.move_to(start);
    for (std::int64_t i = 0; i < theta.size(); ++i) product += objective.gradient().at(i) * (theta.at(i) - start.at(i));
    return -product;
  };
  const double whole = step(free, 1e12), bounded = step(clipped, 1e-3);
  EXPECT_GT(whole, 1e-3);
  EXPECT_NEAR(bounded / whole, std::sqrt(1e-3 / whole), 1e-9);
}

TEST(Kfac, QuadraticModelIsMinimalAlongDirectionAndMomentum) {
  NetworkObjective objective = dense_network();
  objective.set_batch({random_tensor({8, 3}, 3), random_tensor({8, 2}, 4)});
  const Tensor theta = random_tensor({objective.size()}, 2);
  const auto optimizer = make_optimizer("kfac", {{"initial_damping", 0.3}, {"adaptation_interval", 0}});
  Vector previous;
  for (int t = 0; t < 4; ++t) {
    const Tensor before = theta.clone(), step = theta.clone(), product = theta.clone();
    optimizer->step(objective, theta);
    for (std::int64_t i = 0; i < theta.size(); ++i) step.set(i, theta.at(i) - before.at(i));
    objective.move_to(before);
    multiply(objective.curvature()->gauss_newton, step, product);
    const auto slope_along = [&](const Vector& d) {
      double sum = 0, size = 0;
      for (std::int64_t i = 0; i < theta.size(); ++i) {
        const double term =
            d[static_cast<std::size_t>(i)] * (objective.gradient().at(i) + product.at(i) + 0.3 * step.at(i));
        sum += term;
        size += std::abs(term);
      }
      return size > 0 ? sum / size : 0;
    };
    EXPECT_NEAR(slope_along(step.to_vector()), 0, 1e-8) << t;
    if (t > 0) {
      EXPECT_NEAR(slope_along(previous), 0, 1e-8) << t;
    }
    previous = step.to_vector();
  }
}

TEST(Kfac, ContinuesWithTheSameBits) {
  NetworkObjective objective = convolution_network();
  objective.set_batch({random_tensor({5, 36}, 3), random_tensor({5, 2}, 4)});
  const optim::NamedValues values{{"factor_interval", 2}, {"inverse_interval", 3}, {"adaptation_interval", 2}};
  const Tensor theta = random_tensor({objective.size()}, 2);
  const auto optimizer = make_optimizer("kfac", values);
  for (int i = 0; i < 5; ++i) optimizer->step(objective, theta);
  const auto fresh = optim::continued(*optimizer, "kfac", values);
  const Tensor other = theta.clone();
  for (int i = 0; i < 7; ++i) optimizer->step(objective, theta), fresh->step(objective, other);
  EXPECT_EQ(theta.to_vector(), other.to_vector());
}

TEST(Kfac, ReportsWhatIsNotFiniteAndStays) {
  NetworkObjective objective = dense_network();
  const Tensor x = random_tensor({5, 3}, 3);
  x.set(4, std::numeric_limits<double>::infinity());
  objective.set_batch({x, random_tensor({5, 2}, 4)});
  const Tensor theta = random_tensor({objective.size()}, 2);
  const Vector before = theta.to_vector();
  EXPECT_EQ(make_optimizer("kfac")->step(objective, theta).reason, optim::Reason::not_finite);
  EXPECT_EQ(theta.to_vector(), before);
}

// Images of a few smooth patterns through 16-10-3-10-16; float32, gradient and curvature on different batches.
TEST(SecondOrder, TrainsASmallAutoencoder) {
  const Tensor images = Tensor::uninitialized({200, 16}, DType::float32);
  RandomStream random(1, "images");
  for (std::int64_t i = 0; i < 200; ++i) {
    const double phase = random.uniform(0, 6.28), frequency = random.uniform(0.2, 0.5);
    for (std::int64_t k = 0; k < 16; ++k)
      images.set(i * 16 + k, 0.5 + 0.4 * std::sin(phase + frequency * static_cast<double>(k)));
  }
  const auto train = [&](const std::string& name, const optim::NamedValues& values, int steps) {
    NetworkObjective objective(workloads::Autoencoder{.sizes = {16, 10, 3}}.make({{16}, 16}), nn::mean_squared_error,
                               DType::float32, RandomStream(2));
    const Tensor theta = objective.parameters().initial(DType::float32, RandomStream(3));
    const auto optimizer = make_optimizer(name, values);
    const Batch all{images, images}, part{images.rows(0, 60), images.rows(0, 60)};
    for (int i = 0; i < steps; ++i) {
      objective.set_batch(all);
      if (name != "adam") objective.set_curvature_batch(part);
      const optim::StepReport report = optimizer->step(objective, theta);
      EXPECT_NE(report.reason, optim::Reason::not_finite) << name;
    }
    objective.move_to(theta);
    return std::pair(objective.value(), theta.to_vector());
  };
  const double adam = train("adam", {{"learning_rate", 0.01}}, 200).first;
  const auto hessian_free = train("hessian_free", {{"initial_damping", 0.1}}, 30);
  EXPECT_LT(hessian_free.first, adam);
  EXPECT_LT(train("kfac", {{"initial_damping", 0.01}}, 60).first, adam);
  EXPECT_EQ(train("hessian_free", {{"initial_damping", 0.1}}, 30).second, hessian_free.second);  // the same bits
}

}  // namespace
}  // namespace gradus::lab
