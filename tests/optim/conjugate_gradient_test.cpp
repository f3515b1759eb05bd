#include "optim/solvers/conjugate_gradient.h"

#include <gtest/gtest.h>

#include "tests/optim/curvature_problems.h"

namespace gradus::optim {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Vector spread(std::size_t n, double low, double high) {
  Vector values(n);
  for (std::size_t i = 0; i < n; ++i)
    values[i] = low * std::pow(high / low, static_cast<double>(i) / static_cast<double>(n - 1));
  return values;
}

struct Solved {
  InnerResult result;
  Vector p;
};
Solved solve(const LinearOperator& a, const Vector& g, double tolerance, std::int64_t most = 1000,
             const Preconditioner& preconditioner = IdentityPreconditioner()) {
  ConjugateGradientMemory memory;
  const Tensor p = Tensor::full({std::ssize(g)}, nan, DType::float64);
  const InnerResult result =
      conjugate_gradient(a, Tensor::of({std::ssize(g)}, g), preconditioner, tolerance, most, 1, memory, p);
  return {result, p.to_vector()};
}

TEST(ConjugateGradient, SolvesAsADenseSolverDoes) {
  const DenseSymmetric a(spread(30, 0.1, 50), 1);
  const Vector g = random_numbers(30, 2), exact = a.newton_step(g);
  const Solved plain = solve(a.product(), g, 1e-13);
  EXPECT_EQ(plain.result.reason, Reason::converged);
  EXPECT_LT(distance(plain.p, exact), 1e-10 * norm(exact));
  EXPECT_NEAR(plain.result.model_change, dot(g, exact) / 2, 1e-10);
  EXPECT_NEAR(plain.result.norm, norm(exact), 1e-9);

  DiagonalPreconditioner diagonal;
  diagonal.diagonal() = Tensor::of({30}, random_numbers(30, 3));
  diagonal.normalize(0.5, 1, 0.01);
  const Solved preconditioned = solve(a.product(), g, 1e-13, 1000, diagonal);
  EXPECT_LT(distance(preconditioned.p, exact), 1e-10 * norm(exact));
}

TEST(ConjugateGradient, NeedsAsManyProductsAsThereAreDistinctEigenvalues) {
  Vector eigenvalues(40, 1);
  for (std::size_t i = 0; i < 40; ++i) eigenvalues[i] = 1 + static_cast<double>(i % 4);
  const DenseSymmetric a(eigenvalues, 4);
  EXPECT_EQ(solve(a.product(), random_numbers(40, 5), 1e-10).result.iterations, 4);
}

TEST(ConjugateGradient, StopsWhereItIsTold) {
  const DenseSymmetric a(spread(30, 0.01, 50), 1);
  const Vector g = random_numbers(30, 2);
  const Solved loose = solve(a.product(), g, 0.1), few = solve(a.product(), g, 1e-12, 5);
  EXPECT_EQ(loose.result.reason, Reason::converged);
  EXPECT_LE(loose.result.residual, 0.1);
  Vector residual = a.times(loose.p);
  for (std::size_t i = 0; i < 30; ++i) residual[i] += g[i];
  EXPECT_NEAR(norm(residual) / norm(g), loose.result.residual, 1e-12);
  EXPECT_EQ(few.result.reason, Reason::iteration_limit);
  EXPECT_EQ(few.result.iterations, 5);
}

TEST(ConjugateGradient, FindsNegativeCurvatureAtEveryScale) {
  Vector eigenvalues = spread(20, 0.1, 10);
  eigenvalues[3] = -0.5;
  const DenseSymmetric a(eigenvalues, 6);
  const Vector g = random_numbers(20, 7);
  std::int64_t iterations = 0;
  for (const double scale : {1.0, 1e-12, 1e12, 1e-90}) {
    Vector scaled = g;
    for (double& x : scaled) x *= scale;
    const Solved found = solve(a.product(scale), scaled, 1e-10);
    EXPECT_EQ(found.result.reason, Reason::negative_curvature);
    EXPECT_LT(dot(scaled, found.p), 0);
    if (iterations == 0) iterations = found.result.iterations;
    EXPECT_EQ(found.result.iterations, iterations);
    EXPECT_LT(norm(found.p), 1e3);
    EXPECT_GT(norm(found.p), 1e-3);
  }
  // At a maximum the first direction shows it, and the step goes down.
  const DenseSymmetric hill(Vector(5, -2), 8);
  const Solved down = solve(hill.product(), {1, 2, 3, 4, 5}, 1e-3);
  EXPECT_EQ(down.result.reason, Reason::negative_curvature);
  EXPECT_EQ(down.result.iterations, 1);
  EXPECT_LT(distance(down.p, {-0.5, -1, -1.5, -2, -2.5}), 1e-12);
}

TEST(ConjugateGradient, GivesTheShortestSolutionOfASingularSystem) {
  Vector eigenvalues = spread(20, 0.5, 10);
  for (const std::size_t i : {2u, 7u, 11u}) eigenvalues[i] = 0;
  const DenseSymmetric a(eigenvalues, 9);
  const Vector x = random_numbers(20, 10);
  const Vector g = a.times(x);  // in the range
  const Solved found = solve(a.product(), g, 1e-10);
  EXPECT_EQ(found.result.reason, Reason::converged);
  EXPECT_LT(norm(found.p), norm(x));
  Vector residual = a.times(found.p);
  for (std::size_t i = 0; i < 20; ++i) residual[i] += g[i];
  EXPECT_LT(norm(residual), 1e-9 * norm(g));

  // Beyond the range there is no solution: it says so, without leaving for infinity.
  const Solved outside = solve(a.product(), x, 1e-12);
  EXPECT_EQ(outside.result.reason, Reason::negative_curvature);
  EXPECT_LT(norm(outside.p), 1e10);
  const Solved flat = solve({20, DType::float64, [](const Tensor&, const Tensor& out) { out.fill(0); }}, x, 1e-12);
  EXPECT_EQ(flat.result.reason, Reason::negative_curvature);
  EXPECT_NEAR(norm(flat.p), 1, 1e-12);  // as long as it was told
}

TEST(ConjugateGradient, KeepsWhatItHasWhereAProductIsNotFinite) {
  const DenseSymmetric a(spread(10, 1, 10), 1);
  for (const double bad : {nan, std::numeric_limits<double>::infinity()}) {
    int products = 0;
    const LinearOperator breaks{10, DType::float64, [&](const Tensor& v, const Tensor& out) {
                                  multiply(a.product(), v, out);
                                  if (++products == 3) out.set(4, bad);
                                }};
    const Vector g = random_numbers(10, 2);
    const Solved found = solve(breaks, g, 1e-12);
    EXPECT_EQ(found.result.reason, Reason::not_finite);
    EXPECT_LT(distance(found.p, solve(a.product(), g, 1e-12, 2).p), 1e-14);
  }
}

TEST(LbfgsPreconditioner, LearnsTheCurvatureOfItsPairs) {
  const Vector eigenvalues{1, 1, 1, 1, 1, 1, 1, 1, 1000, 3000};
  const DenseSymmetric a(eigenvalues, 3);
  const Vector g = random_numbers(10, 4);
  LbfgsMemory pairs(12);
  for (std::uint64_t i = 0; i < 12; ++i) {
    const Vector s = random_numbers(10, 20 + i);
    pairs.add(Tensor::of({10}, s), Tensor::of({10}, a.times(s)));
  }
  const LbfgsPreconditioner preconditioner(pairs);
  const Solved found = solve(a.product(), g, 1e-8, 1000, preconditioner);
  EXPECT_LT(distance(found.p, a.newton_step(g)), 1e-5 * norm(found.p));
}

TEST(DiagonalPreconditioner, IsNormalisedWhateverItsScale) {
  for (const double scale : {1e-20, 1.0, 1e20}) {
    DiagonalPreconditioner diagonal;
    diagonal.diagonal() = Tensor::of({4}, {1 * scale, -3 * scale, 0, nan});
    diagonal.normalize(0, 1, 0.01);
    EXPECT_NEAR(diagonal.diagonal().at(0), 0.75, 1e-12);
    EXPECT_NEAR(diagonal.diagonal().at(1), 2.25, 1e-12);
    EXPECT_NEAR(diagonal.diagonal().at(2), 0.01, 1e-12);
    EXPECT_EQ(diagonal.diagonal().at(3), 1);
  }
  DiagonalPreconditioner nothing;
  nothing.diagonal() = Tensor::zeros({3}, DType::float64);
  nothing.normalize(0, 0.75, 0.01);
  EXPECT_EQ(nothing.diagonal().to_vector(), (Vector{1, 1, 1}));
}

}  // namespace
}  // namespace gradus::optim
