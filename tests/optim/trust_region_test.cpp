#include "optim/solvers/trust_region.h"

#include <gtest/gtest.h>

#include "tests/optim/curvature_problems.h"

namespace gradus::optim {
namespace {

double model(const DenseSymmetric& a, const Vector& g, const Vector& p) { return dot(g, p) + dot(p, a.times(p)) / 2; }

// The least model value within the radius, by eigenvalues and bisection.
double exact_model(const DenseSymmetric& a, const Vector& g, double radius) {
  const auto n = static_cast<std::int64_t>(a.size());
  const auto eigen = symmetric_eigen(a.entries(), n);
  Vector inner(a.size());
  for (std::size_t k = 0; k < a.size(); ++k)
    for (std::size_t i = 0; i < a.size(); ++i) inner[k] += eigen.vectors[k * a.size() + i] * g[i];
  const auto length = [&](double lambda) {
    double sum = 0;
    for (std::size_t k = 0; k < a.size(); ++k) sum += std::pow(inner[k] / (eigen.values[k] + lambda), 2);
    return std::sqrt(sum);
  };
  double lambda = 0;
  if (eigen.values[0] <= 0 || length(0) > radius) {
    double low = std::max(0.0, -eigen.values[0]), high = low + norm(g) / radius + 1;
    for (int i = 0; i < 200; ++i) {
      lambda = (low + high) / 2;
      (length(lambda) > radius ? low : high) = lambda;
    }
  }
  // By duality; exact in the hard case too.
  double value = -lambda / 2 * radius * radius;
  for (std::size_t k = 0; k < a.size(); ++k)
    if (inner[k] != 0) value -= inner[k] * inner[k] / (eigen.values[k] + lambda) / 2;
  return value;
}

TEST(LanczosTrustRegion, FindsTheGlobalMinimumOfTheModel) {
  constexpr std::size_t n = 25;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Vector eigenvalues = random_numbers(n, seed);  // on both sides of 0, or only on one
    for (double& e : eigenvalues) e = seed % 3 == 0 ? 10 * e : seed % 3 == 1 ? std::abs(e) + 0.01 : -std::abs(e);
    if (seed == 4) eigenvalues[0] = eigenvalues[1] = 0;
    const DenseSymmetric a(eigenvalues, seed + 100);
    const Vector g = random_numbers(n, seed + 200);
    LanczosTrustRegion solver;
    const Tensor p = Tensor::zeros({n}, DType::float64);
    for (const double radius : {1e-3, 0.1, 1.0, 10.0, 1e4}) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", radius " + std::to_string(radius));
      const auto found =
          solver.solve(a.product(), Tensor::of({n}, g), IdentityPreconditioner(), radius, 1e-12, 0, 100, p);
      const double exact = exact_model(a, g, radius);
      EXPECT_NEAR(model(a, g, p.to_vector()), exact, 1e-9 * std::abs(exact));
      EXPECT_NEAR(found.model_change, exact, 1e-9 * std::abs(exact));
      EXPECT_LE(norm(p.to_vector()), radius * (1 + 1e-9));
      const bool inside = norm(p.to_vector()) < radius * (1 - 1e-9);
      EXPECT_EQ(found.reason == Reason::converged, inside);
      // A smaller region in the same space, without a product.
      const auto again = solver.solve_again(radius / 5, p);
      EXPECT_NEAR(again.model_change, exact_model(a, g, radius / 5), 1e-6 * std::abs(again.model_change));
      EXPECT_EQ(again.iterations, 0);
    }
  }
}

TEST(LanczosTrustRegion, SaysWhyItStopped) {
  Vector eigenvalues = random_numbers(10, 1);
  for (double& e : eigenvalues) e = std::abs(e) + 0.5;
  const DenseSymmetric convex(eigenvalues, 2);
  eigenvalues[4] = -1;
  const DenseSymmetric saddle(eigenvalues, 2);
  const Tensor g = Tensor::of({10}, random_numbers(10, 3)), p = Tensor::zeros({10}, DType::float64);
  LanczosTrustRegion solver;
  const IdentityPreconditioner none;
  EXPECT_EQ(solver.solve(convex.product(), g, none, 100, 1e-8, 0, 100, p).reason, Reason::converged);
  EXPECT_EQ(solver.solve(convex.product(), g, none, 0.1, 1e-8, 0, 100, p).reason, Reason::boundary);
  EXPECT_EQ(solver.solve(saddle.product(), g, none, 100, 1e-8, 0, 100, p).reason, Reason::negative_curvature);
  EXPECT_EQ(solver.solve(convex.product(), g, none, 100, 1e-8, 0, 3, p).reason, Reason::iteration_limit);
  const LinearOperator nan{
      10, DType::float64, [](const Tensor&, const Tensor& out) { out.fill(std::numeric_limits<double>::quiet_NaN()); }};
  EXPECT_EQ(solver.solve(nan, g, none, 1, 1e-8, 0, 100, p).reason, Reason::not_finite);
  EXPECT_EQ(p.to_vector(), Vector(10));
  EXPECT_EQ(solver.solve(convex.product(), Tensor::zeros({10}, DType::float64), none, 1, 1e-8, 0, 9, p).iterations, 0);
}

// With M, the problem is the one of M^(-1/2) A M^(-1/2).
TEST(LanczosTrustRegion, MeasuresThePreconditionersNorm) {
  constexpr std::size_t n = 12;
  Vector eigenvalues = random_numbers(n, 5);
  const DenseSymmetric a(eigenvalues, 6);
  const Vector g = random_numbers(n, 7);
  DiagonalPreconditioner m;
  m.diagonal() = Tensor::of({n}, random_numbers(n, 8));
  m.normalize(0.2, 1, 0.01);
  const Vector d = m.diagonal().to_vector();
  const LinearOperator transformed{n, DType::float64, [&](const Tensor& v, const Tensor& out) {
                                     Vector x = v.to_vector();
                                     for (std::size_t i = 0; i < n; ++i) x[i] /= std::sqrt(d[i]);
                                     x = a.times(x);
                                     for (std::size_t i = 0; i < n; ++i) x[i] /= std::sqrt(d[i]);
                                     out.copy_from(Tensor::of({n}, x));
                                   }};
  Vector transformed_g = g;
  for (std::size_t i = 0; i < n; ++i) transformed_g[i] /= std::sqrt(d[i]);
  LanczosTrustRegion solver;
  const Tensor p = Tensor::zeros({n}, DType::float64), q = p.clone();
  for (const double radius : {0.1, 2.0}) {
    solver.solve(a.product(), Tensor::of({n}, g), m, radius, 1e-12, 0, 100, p);
    solver.solve(transformed, Tensor::of({n}, transformed_g), IdentityPreconditioner(), radius, 1e-12, 0, 100, q);
    for (std::int64_t i = 0; i < std::int64_t{n}; ++i)
      EXPECT_NEAR(p.at(i) * std::sqrt(d[static_cast<std::size_t>(i)]), q.at(i), 1e-8);
    ConjugateGradientMemory memory;
    const auto steihaug_result = steihaug(a.product(), Tensor::of({n}, g), m, radius, 1e-12, 100, memory, p);
    double length = 0;
    for (std::size_t i = 0; i < n; ++i) length += d[i] * std::pow(p.at(static_cast<std::int64_t>(i)), 2);
    EXPECT_NEAR(std::sqrt(length), radius, 1e-9 * radius);
    EXPECT_NEAR(steihaug_result.norm, radius, 1e-9 * radius);
  }
}

TEST(TridiagonalTrustRegion, SolvesTheHardCase) {
  // g has no part along the eigenvector of the least eigenvalue, -2.
  const TridiagonalStep step = tridiagonal_trust_region(Vector{1, -2}, Vector{0}, 3, 5);
  EXPECT_NEAR(step.lambda, 2, 1e-9);
  EXPECT_NEAR(norm(step.h), 5, 1e-8);
  EXPECT_NEAR(step.h[0], -1, 1e-8);
  EXPECT_NEAR(step.model_change, -3 + 0.5 - 24, 1e-6);
  EXPECT_FALSE(step.positive_definite);
}

TEST(TridiagonalTrustRegion, HoldsOverManyOrdersOfMagnitude) {
  for (const double scale : {1e-30, 1e-6, 1.0, 1e6, 1e30}) {
    const TridiagonalStep step =
        tridiagonal_trust_region(Vector{2 * scale, 3 * scale, -1 * scale}, Vector{0.5 * scale, 0.1 * scale}, scale, 2);
    const TridiagonalStep one = tridiagonal_trust_region(Vector{2, 3, -1}, Vector{0.5, 0.1}, 1, 2);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(step.h[i], one.h[i], 1e-8);
  }
  const TridiagonalStep flat = tridiagonal_trust_region(Vector{0}, Vector{}, 1, 7);
  EXPECT_NEAR(flat.h[0], -7, 1e-9);
}

TEST(Steihaug, IsAsGoodAsTheCauchyPointAndNoBetterThanTheSolution) {
  constexpr std::size_t n = 20;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    Vector eigenvalues = random_numbers(n, seed);
    if (seed % 2)
      for (double& e : eigenvalues) e = std::abs(e) + 0.05;
    const DenseSymmetric a(eigenvalues, seed + 10);
    const Vector g = random_numbers(n, seed + 20);
    ConjugateGradientMemory memory;
    const Tensor p = Tensor::zeros({n}, DType::float64);
    for (const double radius : {0.01, 0.5, 3.0, 1e3}) {
      const auto found =
          steihaug(a.product(), Tensor::of({n}, g), IdentityPreconditioner(), radius, 1e-10, 100, memory, p);
      const double gg = dot(g, g), gag = dot(g, a.times(g)), length = std::sqrt(gg);
      const double t = gag > 0 ? std::min(gg / gag, radius / length) : radius / length;
      const double cauchy = -t * gg + t * t * gag / 2, exact = exact_model(a, g, radius);
      const double value = model(a, g, p.to_vector());
      EXPECT_LE(value, cauchy * (1 - 1e-12));
      EXPECT_GE(value, exact - 1e-10 * std::abs(exact));
      EXPECT_NEAR(value, found.model_change, 1e-10 * std::abs(value));
      EXPECT_LE(norm(p.to_vector()), radius * (1 + 1e-10));
      const bool inside = found.reason == Reason::converged;
      EXPECT_NEAR(inside ? value : norm(p.to_vector()), inside ? exact : radius, 1e-8 * (inside ? -exact : radius));
    }
  }
}

}  // namespace
}  // namespace gradus::optim
