// The eigensolver for one matrix after another.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "autodiff/tensor/random.h"
#include "autodiff/tensor/small_eigen.h"

namespace gradus::curvature {
namespace {

std::vector<double> random_symmetric(std::int64_t n, double scale, std::uint64_t seed) {
  RandomStream random(seed, "matrix");
  std::vector<double> matrix(static_cast<std::size_t>(n * n));
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j <= i; ++j)
      matrix[static_cast<std::size_t>(i * n + j)] = matrix[static_cast<std::size_t>(j * n + i)] =
          scale * random.normal();
  return matrix;
}

TEST(SymmetricEigensolver, SatisfiesTheDefinition) {
  for (const std::int64_t n : {1, 2, 3, 10, 60, 97}) {
    SymmetricEigensolver solver(n);
    for (const double scale : {1e-20, 1.0, 1e20}) {  // one solver for all
      const std::vector<double> a = random_symmetric(n, scale, static_cast<std::uint64_t>(n));
      solver.solve(a.data());
      const double* v = solver.vectors();
      const double tolerance = 1e-13 * static_cast<double>(n);
      for (std::int64_t i = 0; i < n; ++i) {
        if (i > 0) {
          EXPECT_LE(solver.values()[static_cast<std::size_t>(i - 1)], solver.values()[static_cast<std::size_t>(i)]);
        }
        for (std::int64_t j = 0; j < n; ++j) {
          double product = 0, overlap = 0;
          for (std::int64_t k = 0; k < n; ++k) {
            product += a[static_cast<std::size_t>(j * n + k)] * v[i * n + k];
            overlap += v[i * n + k] * v[j * n + k];
          }
          ASSERT_NEAR(product / scale, solver.values()[static_cast<std::size_t>(i)] / scale * v[i * n + j], tolerance);
          ASSERT_NEAR(overlap, i == j ? 1 : 0, tolerance);
        }
      }
    }
  }
}

TEST(SymmetricEigensolver, TakesMatricesWithoutStructureToFind) {
  SymmetricEigensolver solver(4);
  const std::vector<double> zero(16, 0.0);
  solver.solve(zero.data());
  for (const double value : solver.values()) EXPECT_EQ(value, 0);
  std::vector<double> diagonal(16, 0.0);
  for (const std::size_t i : {0u, 1u, 2u, 3u}) diagonal[i * 5] = 4.0 - static_cast<double>(i);
  solver.solve(diagonal.data());
  for (const std::size_t i : {0u, 1u, 2u, 3u}) EXPECT_EQ(solver.values()[i], static_cast<double>(i + 1));
}

}  // namespace
}  // namespace gradus::curvature
