// Traces, diagonals and densities from products alone, against dense matrices whose spectrum is known.
#include <gtest/gtest.h>

#include "autodiff/curvature/diagonal.h"
#include "autodiff/curvature/spectral_density.h"
#include "autodiff/curvature/trace.h"
#include "tests/autodiff/dense_symmetric.h"
#include "tests/sanitized.h"

namespace gradus {
namespace {

// Of a matrix.
const std::vector<double> scales = sanitized ? std::vector<double>{1e6} : std::vector<double>{1.0, 1e6, 1e-6};

TEST(Trace, StandardErrorsCoverTheTruth) {
  for (const DType type : {DType::float64, DType::float32})
    for (const double scale : scales) {
      const Dense dense = with_spectrum(evenly(40, -1, 2, {20, 10, 5, -8}), scale);
      const LinearOperator a = dense.as_operator(type);
      for (const Probe probe : {Probe::rademacher, Probe::gaussian}) {
        SCOPED_TRACE(std::string(name_of(type)) + ", scale " + std::to_string(scale) + ", probe " +
                     std::to_string(static_cast<int>(probe)));
        Coverage hutchinson, plus_plus;
        for (std::uint64_t seed = 0; seed < 400; ++seed) {
          RandomStream random(seed, "trace");
          const TraceEstimate plain = hutchinson_trace(a, 60, random, probe),
                              better = hutch_plus_plus(a, 60, random, probe);
          EXPECT_EQ(plain.products, 60);
          EXPECT_EQ(better.products, 60);
          hutchinson.add(plain, dense.trace());
          plus_plus.add(better, dense.trace());
        }
        hutchinson.expect_honest();
        plus_plus.expect_honest();
        EXPECT_LT(plus_plus.rms(), 0.6 * hutchinson.rms());  // at equal cost, as few eigenvalues dominate
      }
    }
}

TEST(Trace, IsExactWhereItCanBe) {
  RandomStream random(15);
  Dense diagonal{4, Values(16)};
  for (std::int64_t i = 0; i < 4; ++i) diagonal(i, i) = static_cast<double>(i) - 5;
  const TraceEstimate exact = hutchinson_trace(diagonal.as_operator(DType::float32), 3, random);
  EXPECT_DOUBLE_EQ(exact.value, -14);
  EXPECT_EQ(exact.standard_error, 0);
  EXPECT_TRUE(std::isnan(hutchinson_trace(diagonal.as_operator(DType::float32), 1, random).standard_error));

  // Of rank 4: a sketch of 5 holds the whole range, so the remainder is rounding.
  Values low_rank(60, 0.0);
  low_rank[0] = 5;
  low_rank[1] = -3;
  low_rank[2] = 2;
  low_rank[3] = 1;
  const TraceEstimate whole = hutch_plus_plus(with_spectrum(low_rank).as_operator(DType::float64), 15, random);
  EXPECT_NEAR(whole.value, 5, 1e-12);
  EXPECT_LT(whole.standard_error, 1e-12);

  for (const DType type : {DType::float64, DType::float32}) {
    const TraceEstimate one = hutch_plus_plus(with_spectrum({-2.5}).as_operator(type), 30, random);
    EXPECT_DOUBLE_EQ(one.value, -2.5);
    EXPECT_EQ(one.standard_error, 0);
    EXPECT_EQ(one.products, 2);
    const TraceEstimate zero = hutch_plus_plus(with_spectrum(Values(10, 0.0)).as_operator(type), 12, random);
    EXPECT_EQ(zero.value, 0);
    EXPECT_LE(zero.products, 12);
    // Five normal probes span the whole space.
    const TraceEstimate all =
        hutch_plus_plus(with_spectrum({4, 3, 2, -7, 1}).as_operator(type), 15, random, Probe::gaussian);
    EXPECT_EQ(all.products, 10);
    EXPECT_EQ(all.standard_error, 0);
    EXPECT_NEAR(all.value, 3, type == DType::float64 ? 1e-12 : 1e-4);
  }
}

TEST(Diagonal, StandardErrorsCoverTheTruth) {
  for (const DType type : {DType::float64, DType::float32})
    for (const double scale : scales) {
      SCOPED_TRACE(std::string(name_of(type)) + ", scale " + std::to_string(scale));
      const Dense dense = with_spectrum(evenly(20, -1, 2, {6, -4}), scale);
      Coverage coverage;
      double error_found = 0, error_known = 0;
      for (std::uint64_t seed = 0; seed < 40; ++seed) {
        RandomStream random(seed, "diagonal");
        const DiagonalEstimate found = hutchinson_diagonal(dense.as_operator(type), 50, random);
        EXPECT_EQ(found.products, 50);
        for (std::int64_t i = 0; i < dense.n; ++i) {
          coverage.add({found.value.at(i), found.standard_error.at(i)}, dense(i, i));
          error_found += std::pow(found.standard_error.at(i), 2);
          for (std::int64_t j = 0; j < dense.n; ++j) error_known += i == j ? 0 : std::pow(dense(i, j), 2) / 50;
        }
      }
      coverage.expect_honest();
      EXPECT_NEAR(error_found / error_known, 1, 0.05);  // the variance that theory gives
    }
  Dense diagonal{3, {4, 0, 0, 0, -5, 0, 0, 0, 0}};
  RandomStream random(1);
  const DiagonalEstimate exact = hutchinson_diagonal(diagonal.as_operator(DType::float32), 2, random);
  EXPECT_EQ(exact.value.to_vector(), (Values{4, -5, 0}));
  EXPECT_EQ(exact.standard_error.to_vector(), (Values{0, 0, 0}));
  EXPECT_TRUE(std::isnan(hutchinson_diagonal(diagonal.as_operator(DType::float64), 1, random).standard_error.at(0)));
}

TEST(SpectralDensity, QuadratureIsExactForPolynomials) {
  for (const double scale : {1.0, 1e6, 1e-6, 1e-20}) {
    const Dense dense = with_spectrum(evenly(30, -1, 1, {3, -2}), scale);
    const LinearOperator a = dense.as_operator(DType::float64);
    for (const Probe probe : {Probe::rademacher, Probe::gaussian}) {
      RandomStream random(16), replay(16);
      const SpectralDensity density = spectral_density(a, random, {.probes = 1, .steps = 6, .probe = probe});
      EXPECT_EQ(density.products, 6);
      EXPECT_EQ(density.probes[0].nodes.size(), 6u);
      EXPECT_TRUE(std::isnan(density.moment(1).standard_error));
      const Tensor z = Tensor::zeros({dense.n}, DType::float64), power = Tensor::zeros({dense.n}, DType::float64);
      draw(probe, replay, z);
      power.copy_from(z);
      double squares = 0;
      for (const double x : z.elements<double>()) squares += x * x;
      for (int degree = 0; degree <= 11; ++degree) {  // zᵀ A^degree z / zᵀz, up to 2·6 - 1
        double inner = 0;
        for (std::int64_t i = 0; i < dense.n; ++i) inner += z.at(i) * power.at(i);
        const double unit = std::pow(3 * scale, degree);
        EXPECT_NEAR(density.moment(degree).value / unit, inner / squares / unit, 1e-12) << degree << " at " << scale;
        multiply(a, power.clone(), power);
      }
    }
  }
}

TEST(SpectralDensity, StandardErrorsCoverTheMoments) {
  for (const DType type : {DType::float64, DType::float32})
    for (const double scale : scales) {
      SCOPED_TRACE(std::string(name_of(type)) + ", scale " + std::to_string(scale));
      const Values spectrum = evenly(40, -1, 2, {6, -4, 5});
      const Dense dense = with_spectrum(spectrum, scale);
      Coverage first, third, exponential;
      for (std::uint64_t seed = 0; seed < 300; ++seed) {
        RandomStream random(seed, "density");
        const SpectralDensity density =
            spectral_density(dense.as_operator(type), random,
                             {.probes = 30, .steps = 12, .probe = seed % 2 ? Probe::gaussian : Probe::rademacher});
        double one = 0, three = 0, decay = 0;
        for (const double x : spectrum) {
          one += x;
          three += x * x * x;
          decay += std::exp(-x);
        }
        const auto n = static_cast<double>(dense.n);
        first.add(density.moment(1), scale * one / n);
        third.add(density.moment(3), std::pow(scale, 3) * three / n);
        exponential.add(density.mean([&](double x) { return std::exp(-x / scale); }), decay / n);
        EXPECT_NEAR(density.moment(0).value, 1, 1e-12);
      }
      first.expect_honest();
      third.expect_honest();
      exponential.expect_honest();
    }
}

TEST(SpectralDensity, IsTheBlurredSpectrum) {
  const Values spectrum = evenly(150, -1, 1, {8, 6, 6, -4});
  const Dense dense = with_spectrum(spectrum);
  const double width = 0.3;
  for (const DType type : {DType::float64, DType::float32}) {
    RandomStream random(17);
    const SpectralDensity density = spectral_density(dense.as_operator(type), random, {.probes = 40, .steps = 60});
    EXPECT_EQ(density.products, 40 * 60);
    const Values grid = density.grid(400, width);
    EXPECT_NEAR(grid.front(), -4 - 4 * width, 1e-3);
    EXPECT_NEAR(grid.back(), 8 + 4 * width, 1e-3);
    const DensityCurve curve = density.density(grid, width);
    ASSERT_EQ(curve.value.size(), 400u);
    double area = 0;
    int covered = 0, told = 0;
    for (std::size_t i = 0; i < grid.size(); ++i) {
      double exact = 0;
      for (const double x : spectrum) exact += std::exp(-0.5 * std::pow((grid[i] - x) / width, 2));
      exact /= static_cast<double>(dense.n) * width * std::sqrt(2 * std::numbers::pi);
      area += curve.value[i] * (grid[1] - grid[0]);
      if (exact < 1e-6) continue;
      ++told;
      covered += std::abs(curve.value[i] - exact) <= 2.5 * curve.standard_error[i];
      EXPECT_NEAR(curve.value[i], exact, 6 * curve.standard_error[i] + 1e-9) << grid[i];
    }
    EXPECT_NEAR(area, 1, 1e-3);
    EXPECT_GT(told, 200);
    EXPECT_GE(covered, 0.85 * told);
    const Estimate below = density.fraction_below(-1.5);  // one of 154, and no node in between
    EXPECT_NEAR(below.value, 1.0 / 154, 4 * below.standard_error);
    EXPECT_LT(below.standard_error, 0.005);
  }
}

TEST(SpectralDensity, EndsWithTheKrylovSpace) {
  RandomStream random(18);
  for (const DType type : {DType::float64, DType::float32}) {
    const SpectralDensity one = spectral_density(with_spectrum({-2.5}).as_operator(type), random, {.probes = 3});
    EXPECT_EQ(one.products, 3);
    EXPECT_DOUBLE_EQ(one.moment(1).value, -2.5);
    const SpectralDensity zero =
        spectral_density(with_spectrum(Values(9, 0.0)).as_operator(type), random, {.probes = 3});
    EXPECT_EQ(zero.products, 3);
    EXPECT_EQ(zero.moment(2).value, 0);
  }
  const SpectralDensity three = spectral_density(
      with_spectrum({1, 1, 1, 2, 2, 2, 4, 4, 4, 4}).as_operator(DType::float64), random, {.probes = 5, .steps = 10});
  EXPECT_EQ(three.products, 5 * 3);
}

}  // namespace
}  // namespace gradus
