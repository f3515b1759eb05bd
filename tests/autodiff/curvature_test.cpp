// Eigenvalues, traces, diagonals and densities from products alone, against dense matrices whose spectrum is known.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "autodiff/curvature/diagonal.h"
#include "autodiff/curvature/lanczos.h"
#include "autodiff/curvature/operator.h"
#include "autodiff/curvature/power_iteration.h"
#include "autodiff/curvature/spectral_density.h"
#include "autodiff/curvature/trace.h"
#include "autodiff/gradient.h"
#include "autodiff/linearization.h"
#include "autodiff/operations.h"

namespace gradus {
namespace {

using Values = std::vector<double>;

struct Dense {
  std::int64_t n = 0;
  Values a;  // [n, n]
  double operator()(std::int64_t i, std::int64_t j) const { return a[static_cast<std::size_t>(i * n + j)]; }
  double& operator()(std::int64_t i, std::int64_t j) { return a[static_cast<std::size_t>(i * n + j)]; }
  double trace() const {
    double sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += (*this)(i, i);
    return sum;
  }
  // Products in the arithmetic of the type, each counted.
  SymmetricOperator as_operator(DType type, std::int64_t* products = nullptr) const {
    const Tensor m = Tensor::of({n, n}, a, type);
    return {n, type, [m, products](const Tensor& v, const Tensor& out) {
              if (products) ++*products;
              with_floating(m.dtype(), [&]<class T>(T) {
                const std::int64_t size = v.size();
                for (std::int64_t i = 0; i < size; ++i) {
                  T sum = 0;
                  for (std::int64_t j = 0; j < size; ++j) sum += m.data<T>()[i * size + j] * v.data<T>()[j];
                  out.data<T>()[i] = sum;
                }
              });
            }};
  }
};

// H D H for the spectrum D and an orthogonal H, the product of three random reflections.
Dense with_spectrum(const Values& spectrum, double scale = 1) {
  const auto n = static_cast<std::int64_t>(spectrum.size());
  Dense d{n, Values(static_cast<std::size_t>(n * n))};
  for (std::int64_t i = 0; i < n; ++i) d(i, i) = scale * spectrum[static_cast<std::size_t>(i)];
  RandomStream random(11, "reflections");
  for (int reflection = 0; reflection < 3; ++reflection) {
    Values u(spectrum.size());
    double squares = 0;
    for (double& x : u) x = random.normal(), squares += x * x;
    for (const bool rows : {false, true})
      for (std::int64_t i = 0; i < n; ++i) {
        double inner = 0;
        for (std::int64_t j = 0; j < n; ++j) inner += u[static_cast<std::size_t>(j)] * (rows ? d(i, j) : d(j, i));
        for (std::int64_t j = 0; j < n; ++j)
          (rows ? d(i, j) : d(j, i)) -= 2 * inner / squares * u[static_cast<std::size_t>(j)];
      }
  }
  return d;
}

// All eigenvalues by Jacobi's rotations (1846), ascending: independent of the library's solver.
Values jacobi(Dense d) {
  for (int sweep = 0; sweep < 30; ++sweep)
    for (std::int64_t p = 0; p < d.n; ++p)
      for (std::int64_t q = p + 1; q < d.n; ++q) {
        if (d(p, q) == 0) continue;
        const double angle = 0.5 * std::atan2(2 * d(p, q), d(q, q) - d(p, p)), c = std::cos(angle), s = std::sin(angle);
        for (const bool rows : {false, true})
          for (std::int64_t k = 0; k < d.n; ++k) {
            double &x = rows ? d(p, k) : d(k, p), &y = rows ? d(q, k) : d(k, q);
            const double old = x;
            x = c * old - s * y, y = s * old + c * y;
          }
      }
  Values values;
  for (std::int64_t i = 0; i < d.n; ++i) values.push_back(d(i, i));
  std::sort(values.begin(), values.end());
  return values;
}

Values first_of(Values values, Wanted wanted, std::int64_t count) {
  std::sort(values.begin(), values.end(), [&](double x, double y) {
    if (wanted == Wanted::smallest) return x < y;
    return wanted == Wanted::largest ? x > y : std::abs(x) > std::abs(y);
  });
  values.resize(static_cast<std::size_t>(count));
  return values;
}

double largest_of(const Values& values) {
  double largest = 0;
  for (const double x : values) largest = std::max(largest, std::abs(x));
  return largest;
}

// ‖A x - λ x‖ of pair i, and how far the vectors are from orthonormal, from the dense matrix in double precision.
double residual_of(const Dense& d, const EigenPairs& found, std::int64_t pair) {
  const Values x = found.vectors.rows(pair, 1).to_vector();
  double squares = 0;
  for (std::int64_t i = 0; i < d.n; ++i) {
    double sum = -found.values[static_cast<std::size_t>(pair)] * x[static_cast<std::size_t>(i)];
    for (std::int64_t j = 0; j < d.n; ++j) sum += d(i, j) * x[static_cast<std::size_t>(j)];
    squares += sum * sum;
  }
  return std::sqrt(squares);
}

double orthonormality_error(const Tensor& vectors) {
  const std::int64_t count = vectors.shape()[0], n = vectors.shape()[1];
  double worst = 0;
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t j = 0; j <= i; ++j) {
      double sum = i == j ? -1 : 0;
      for (std::int64_t k = 0; k < n; ++k) sum += vectors.at(i * n + k) * vectors.at(j * n + k);
      worst = std::max(worst, std::abs(sum));
    }
  return worst;
}

Values geometric(std::int64_t n, double first, double ratio) {
  Values values;
  for (double x = first; values.size() < static_cast<std::size_t>(n); x *= ratio) values.push_back(x);
  return values;
}

// n values evenly from low to high, and others beside them.
Values evenly(std::int64_t n, double low, double high, const Values& others = {}) {
  Values values = others;
  for (std::int64_t i = 0; i < n; ++i)
    values.push_back(low +
                     (high - low) * static_cast<double>(i) / static_cast<double>(std::max<std::int64_t>(n - 1, 1)));
  return values;
}

struct Spectrum {
  const char* name;
  Values values;
};

std::vector<Spectrum> spectra() {
  Values repeated = evenly(30, -1, 1, {5, 5, 5, 4, 4, -3, -3, -3});
  Values singular(50, 0.0);
  for (int i = 0; i < 8; ++i) singular[static_cast<std::size_t>(i)] = 8 - i;
  return {{"positive", geometric(40, 100, 0.85)},
          {"indefinite", evenly(50, -1, 2, {-7, -5, 6, 4, 3})},
          {"singular", singular},
          {"repeated", repeated},
          {"two values", {3, 3, 3, 3, 3, 3, -2, -2, -2, -2, -2, -2, -2}},
          {"identity", Values(60, 1.0)},
          {"shifted", evenly(40, 1000, 1001, {1003, 998})},
          {"zero", Values(30, 0.0)},
          {"of size 1", {-2.5}},
          {"of size 2", {1, -1}}};
}

TEST(Lanczos, FindsTheEndsOfKnownSpectra) {
  for (const Spectrum& spectrum : spectra())
    for (const double scale : {1.0, 1e6, 1e-6})
      for (const DType type : {DType::float64, DType::float32})
        for (const Wanted wanted : {Wanted::largest_magnitude, Wanted::largest, Wanted::smallest})
          for (const std::int64_t count : {1, 2, 5}) {
            const Dense dense = with_spectrum(spectrum.values, scale);
            if (count > dense.n) continue;
            SCOPED_TRACE(std::string(spectrum.name) + ", scale " + std::to_string(scale) + ", " + name_of(type) +
                         ", wanted " + std::to_string(static_cast<int>(wanted)) + ", count " + std::to_string(count));
            std::int64_t products = 0;
            RandomStream random(5, "lanczos");
            const double epsilon = type == DType::float64 ? 1e-13 : 1e-5,
                         tolerance = type == DType::float64 ? 1e-8 : 1e-4;
            const EigenPairs found = lanczos(
                dense.as_operator(type, &products), random,
                {.count = count, .wanted = wanted, .tolerance = tolerance, .max_products = 2000, .vectors = true});
            EXPECT_TRUE(found.stopped == Stopped::converged || found.stopped == Stopped::invariant_subspace)
                << name_of(found.stopped) << " after " << found.products;
            EXPECT_EQ(found.products, products);
            const Values expected = first_of(spectrum.values, wanted, count);
            ASSERT_EQ(found.values.size(), expected.size());
            ASSERT_EQ(found.residuals.size(), expected.size());
            const double size = scale * largest_of(spectrum.values);
            for (std::size_t i = 0; i < expected.size(); ++i) {
              const auto pair = static_cast<std::int64_t>(i);
              // A value lies within its residual of an eigenvalue, and there is none between it and the one expected.
              const double bound = (tolerance + epsilon) * size;
              if (wanted == Wanted::largest_magnitude) {
                EXPECT_NEAR(std::abs(found.values[i]), scale * std::abs(expected[i]), bound);
              } else {
                EXPECT_NEAR(found.values[i], scale * expected[i], bound);
              }
              EXPECT_LE(found.residuals[i], bound);
              EXPECT_NEAR(residual_of(dense, found, pair), found.residuals[i], epsilon * size);
            }
            EXPECT_EQ(found.vectors.shape(), (Shape{count, dense.n}));
            EXPECT_LE(orthonormality_error(found.vectors), type == DType::float64 ? 1e-12 : 1e-5);
          }
}

TEST(Lanczos, RestartsWithinABoundedBasis) {
  // The top of an even spectrum: far more products than vectors kept.
  const Dense dense = with_spectrum(evenly(300, 0, 1, {1.01, 1.02}));
  for (const DType type : {DType::float64, DType::float32}) {
    RandomStream random(6);
    const double tolerance = type == DType::float64 ? 1e-9 : 3e-5;
    const EigenPairs found = lanczos(dense.as_operator(type), random,
                                     {.count = 3,
                                      .wanted = Wanted::largest,
                                      .tolerance = tolerance,
                                      .max_products = 4000,
                                      .basis = 12,
                                      .vectors = true});
    EXPECT_EQ(found.stopped, Stopped::converged);
    EXPECT_GT(found.products, 50);
    EXPECT_NEAR(found.values[0], 1.02, 2 * tolerance);
    EXPECT_NEAR(found.values[1], 1.01, 2 * tolerance);
    EXPECT_NEAR(found.values[2], 1, 2 * tolerance);
    EXPECT_LE(orthonormality_error(found.vectors), type == DType::float64 ? 1e-12 : 1e-5);
  }
}

TEST(Lanczos, FindsCopiesOnlyWhenAsked) {
  const SymmetricOperator a = with_spectrum(evenly(200, -1, 1, {5, 5, 5, 3})).as_operator(DType::float64);
  const auto run = [&](std::int64_t count, bool repeated) {
    RandomStream random(7);
    return lanczos(a, random, {.count = count, .wanted = Wanted::largest, .tolerance = 1e-7, .repeated = repeated});
  };
  const EigenPairs all = run(4, true), two = run(2, true), distinct = run(2, false);
  for (const std::size_t i : {0, 1, 2}) EXPECT_NEAR(all.values[i], 5, 1e-6);
  EXPECT_NEAR(all.values[3], 3, 1e-6);
  EXPECT_NEAR(two.values[1], 5, 1e-6);
  EXPECT_NEAR(distinct.values[0], 5, 1e-6);
  EXPECT_NEAR(distinct.values[1], 3, 1e-6);
  EXPECT_LT(distinct.products, two.products);
}

TEST(Lanczos, SaysWhyItStopped) {
  const Dense even = with_spectrum(evenly(200, 0, 1));
  RandomStream random(8);
  const EigenPairs cut = lanczos(even.as_operator(DType::float64), random,
                                 {.count = 3, .wanted = Wanted::smallest, .tolerance = 1e-10, .max_products = 20});
  EXPECT_EQ(cut.stopped, Stopped::product_limit);
  EXPECT_EQ(cut.products, 20);
  ASSERT_EQ(cut.residuals.size(), 3u);
  EXPECT_GT(cut.residuals[2], 1e-4);
  EXPECT_FALSE(cut.vectors.defined());

  const EigenPairs least = lanczos(even.as_operator(DType::float64), random, {.count = 3, .max_products = 6});
  EXPECT_EQ(least.stopped, Stopped::product_limit);
  EXPECT_EQ(least.products, 6);

  // Five different eigenvalues: the Krylov space ends after five steps.
  const Dense few = with_spectrum({1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 1, 1});
  const EigenPairs end = lanczos(few.as_operator(DType::float64), random, {.count = 2, .repeated = false});
  EXPECT_EQ(end.stopped, Stopped::invariant_subspace);
  EXPECT_LE(end.products, 5 + 2);
  EXPECT_NEAR(end.values[1], 4, 1e-12);

  // Products that are good to three digits only.
  const SymmetricOperator exact = few.as_operator(DType::float64);
  const SymmetricOperator coarse{12, DType::float64, [&](const Tensor& v, const Tensor& out) {
                                   const Tensor rounded = v.clone();
                                   for (double& x : rounded.elements<double>()) x = std::round(x * 1000) / 1000;
                                   exact.times(rounded, out);
                                 }};
  const EigenPairs noisy = lanczos(coarse, random, {.count = 2, .tolerance = 1e-9});
  EXPECT_EQ(noisy.stopped, Stopped::rounding);
  EXPECT_GT(noisy.residuals[0], 1e-5);
  EXPECT_NEAR(noisy.values[0], 5, 1e-2);
}

// The first `good` products are those of the matrix, then come NaNs.
SymmetricOperator breaking(const Dense& dense, std::int64_t good, DType type) {
  return {dense.n, type, [good, exact = dense.as_operator(type)](const Tensor& v, const Tensor& out) mutable {
            exact.times(v, out);
            if (good-- <= 0) out.set(out.size() / 2, std::numeric_limits<double>::quiet_NaN());
          }};
}

TEST(Curvature, StopsAtAProductThatIsNotFinite) {
  const Dense dense = with_spectrum(evenly(30, 1, 2, {10, 8, 6}));
  for (const DType type : {DType::float64, DType::float32})
    for (const std::int64_t good : {0, 1, 5, 30}) {
      RandomStream random(9);
      const EigenPairs pairs = lanczos(breaking(dense, good, type), random, {.count = 3, .tolerance = 1e-7});
      EXPECT_EQ(pairs.stopped, Stopped::not_finite);
      EXPECT_TRUE(pairs.values.empty() && pairs.residuals.empty());
      EXPECT_EQ(pairs.products, good + 1);
      const EigenPairs power = power_iteration(breaking(dense, good, type), random, {.count = 33, .vectors = true});
      EXPECT_EQ(power.stopped, Stopped::not_finite);
      EXPECT_EQ(power.products, good + 1);
      EXPECT_EQ(power.values.size(), power.residuals.size());
      EXPECT_EQ(power.vectors.defined() ? power.vectors.shape()[0] : 0, static_cast<std::int64_t>(power.values.size()));
      EXPECT_THROW(hutchinson_trace(breaking(dense, good, type), good + 1, random), std::runtime_error);
      EXPECT_THROW(hutch_plus_plus(breaking(dense, good, type), good + 3, random), std::runtime_error);
      EXPECT_THROW(hutchinson_diagonal(breaking(dense, good, type), good + 1, random), std::runtime_error);
      EXPECT_THROW(spectral_density(breaking(dense, good, type), random, {.probes = 4, .steps = 10}),
                   std::runtime_error);
    }
  SymmetricOperator infinite = dense.as_operator(DType::float32);
  infinite.times = [](const Tensor&, const Tensor& out) { out.fill(std::numeric_limits<double>::infinity()); };
  RandomStream random(9);
  EXPECT_EQ(lanczos(infinite, random).stopped, Stopped::not_finite);
  EXPECT_EQ(power_iteration(infinite, random).stopped, Stopped::not_finite);
}

template <class F>
void expect_refusal(const F& f, const std::string& part) {
  try {
    f();
    ADD_FAILURE() << "accepted: " << part;
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(Curvature, RefusesImpossibleArguments) {
  const SymmetricOperator a = with_spectrum({1, 2, 3}).as_operator(DType::float64);
  RandomStream random(1);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  expect_refusal([&] { lanczos(a, random, {.count = 4}); }, "lanczos: 4 eigenvalues of an operator of size 3");
  expect_refusal([&] { lanczos(a, random, {.count = 0}); }, "lanczos: 0 eigenvalues");
  expect_refusal([&] { lanczos(a, random, {.tolerance = 0}); }, "lanczos: tolerance");
  expect_refusal([&] { lanczos(a, random, {.tolerance = nan}); }, "lanczos: tolerance");
  expect_refusal([&] { lanczos(a, random, {.count = 3, .max_products = 5}); }, "lanczos: at most 5 products for 3");
  expect_refusal([&] { lanczos(a, random, {.count = 1, .basis = 2}); }, "lanczos: a basis of 2 vectors, expected 3");
  expect_refusal([&] { power_iteration(a, random, {.count = 4}); }, "power_iteration: 4 eigenvalues");
  expect_refusal([&] { power_iteration(a, random, {.tolerance = -1}); }, "power_iteration: tolerance");
  expect_refusal([&] { power_iteration(a, random, {.max_products = 0}); }, "power_iteration: at most 0");
  expect_refusal([&] { hutchinson_trace(a, 0, random); }, "hutchinson_trace: 0 probes");
  expect_refusal([&] { hutch_plus_plus(a, 2, random); }, "hutch_plus_plus: 2 products");
  expect_refusal([&] { hutchinson_diagonal(a, 0, random); }, "hutchinson_diagonal: 0 probes");
  expect_refusal([&] { spectral_density(a, random, {.probes = 0}); }, "spectral_density: 0 probes");
  expect_refusal([&] { spectral_density(a, random, {.steps = 0}); }, "spectral_density: 1");
  const SpectralDensity density = spectral_density(a, random, {.probes = 2, .steps = 3});
  expect_refusal([&] { density.density(Values{0.0}, 0); }, "density: kernel of width");
  expect_refusal([&] { density.grid(1, 0.1); }, "grid: 1 points");
  expect_refusal([&] { density.moment(-1); }, "moment: power -1");

  SymmetricOperator bad = a;
  bad.size = 0;
  expect_refusal([&] { lanczos(bad, random); }, "lanczos: operator of size 0");
  bad = a, bad.type = DType::int32;
  expect_refusal([&] { hutchinson_trace(bad, 1, random); }, "hutchinson_trace: operator of int32");
  bad = a, bad.times = nullptr;
  expect_refusal([&] { hutchinson_diagonal(bad, 1, random); }, "hutchinson_diagonal: operator without a product");

  const Tensor v = Tensor::zeros({3}, DType::float64);
  expect_refusal([&] { multiply(a, Tensor::zeros({4}, DType::float64), v); },
                 "multiply: v is [4] of float64, expected [3]");
  expect_refusal([&] { multiply(a, Tensor::zeros({3}, DType::float32), v); }, "multiply: v is [3] of float32");
  expect_refusal([&] { multiply(a, v, Tensor::zeros({3, 1}, DType::float64)); }, "multiply: out is [3, 1]");
  expect_refusal([&] { multiply(a, v, Tensor()); }, "multiply: out is");
  expect_refusal([&] { multiply(a, v, v); }, "multiply: v and out share memory");
}

TEST(PowerIteration, FindsTheLargestMagnitudesByDeflation) {
  const std::vector<Spectrum> cases = {{"positive", geometric(30, 100, 0.7)},
                                       {"indefinite", {-9, 7, -5, 3, 1, 1, 0.5, -0.5, 0.1, 0, 0, 0}},
                                       {"repeated", {4, 4, 4, -2, -2, 1, 0.5, 0.1, 0}},
                                       {"low rank", {3, 2, 0, 0, 0, 0, 0, 0, 0, 0}},
                                       {"zero", {0, 0, 0, 0, 0, 0}},
                                       {"of size 1", {-2.5}}};
  for (const Spectrum& spectrum : cases)
    for (const double scale : {1.0, 1e6, 1e-6})
      for (const DType type : {DType::float64, DType::float32}) {
        SCOPED_TRACE(std::string(spectrum.name) + ", scale " + std::to_string(scale) + ", " + name_of(type));
        const Dense dense = with_spectrum(spectrum.values, scale);
        const std::int64_t count = std::min<std::int64_t>(4, dense.n);
        const double tolerance = type == DType::float64 ? 1e-7 : 1e-4, size = scale * largest_of(spectrum.values);
        std::int64_t products = 0;
        RandomStream random(12);
        const EigenPairs found = power_iteration(dense.as_operator(type, &products), random,
                                                 {.count = count, .tolerance = tolerance, .vectors = true});
        EXPECT_EQ(found.stopped, Stopped::converged);
        EXPECT_EQ(found.products, products);
        ASSERT_EQ(found.values.size(), static_cast<std::size_t>(count));
        const Values expected = first_of(spectrum.values, Wanted::largest_magnitude, count);
        for (std::size_t i = 0; i < expected.size(); ++i) {
          EXPECT_NEAR(found.values[i], scale * expected[i], 2 * tolerance * size);
          EXPECT_LE(found.residuals[i], 4 * tolerance * size);
          EXPECT_NEAR(residual_of(dense, found, static_cast<std::int64_t>(i)), found.residuals[i],
                      (type == DType::float64 ? 1e-13 : 1e-5) * size);
        }
        EXPECT_LE(orthonormality_error(found.vectors), type == DType::float64 ? 1e-12 : 1e-5);
      }
}

TEST(PowerIteration, ReportsWhatItCouldNotFind) {
  RandomStream random(13);
  // Two eigenvalues of the same magnitude and opposite signs: power iteration turns in their plane for ever.
  const SymmetricOperator opposite = with_spectrum({5, -5, 1, 0.5, 0}).as_operator(DType::float64);
  const EigenPairs stuck = power_iteration(opposite, random, {.count = 2, .max_products = 200});
  EXPECT_EQ(stuck.stopped, Stopped::product_limit);
  EXPECT_EQ(stuck.products, 200);
  ASSERT_EQ(stuck.values.size(), 1u);
  EXPECT_GT(stuck.residuals[0], 0.1);
  const EigenPairs both = lanczos(opposite, random, {.count = 2});
  EXPECT_NEAR(both.values[0] + both.values[1], 0, 1e-4);
  EXPECT_NEAR(both.values[0] * both.values[1], -25, 1e-4);

  const EigenPairs first = power_iteration(with_spectrum({5, 1, 0.9, 0.8}).as_operator(DType::float64), random,
                                           {.count = 3, .max_products = 15});
  EXPECT_EQ(first.stopped, Stopped::product_limit);
  ASSERT_GE(first.values.size(), 1u);
  EXPECT_NEAR(first.values[0], 5, 1e-6);
}

TEST(Curvature, IsReproducible) {
  const SymmetricOperator a = with_spectrum(evenly(60, -1, 1, {4, 3})).as_operator(DType::float32);
  const auto all = [&](std::uint64_t seed) {
    RandomStream random(seed);
    Values numbers = lanczos(a, random, {.count = 3}).values;
    for (const double x : power_iteration(a, random, {.count = 2}).values) numbers.push_back(x);
    for (const Probe probe : {Probe::rademacher, Probe::gaussian}) {
      numbers.push_back(hutchinson_trace(a, 5, random, probe).value);
      numbers.push_back(hutch_plus_plus(a, 9, random, probe).standard_error);
      numbers.push_back(spectral_density(a, random, {.probes = 2, .steps = 5, .probe = probe}).moment(3).value);
    }
    numbers.push_back(hutchinson_diagonal(a, 5, random).value.at(7));
    return numbers;
  };
  const Values once = all(3), again = all(3), other = all(4);
  EXPECT_EQ(once, again);
  for (std::size_t i = 5; i < once.size(); ++i) EXPECT_NE(once[i], other[i]) << i;
}

// How often the truth lies within one and within two standard errors; each estimate has a seed of its own.
struct Coverage {
  int within_one = 0, within_two = 0, count = 0;
  double squared_error = 0;
  void add(const Estimate& estimate, double truth) {
    const double error = std::abs(estimate.value - truth);
    within_one += error <= estimate.standard_error, within_two += error <= 2 * estimate.standard_error;
    squared_error += error * error, ++count;
  }
  // For a normal distribution 68 and 95 of 100: neither far fewer, nor an error bar that is too long.
  void expect_honest() const {
    EXPECT_GE(within_one, 0.55 * count);
    EXPECT_LE(within_one, 0.8 * count);
    EXPECT_GE(within_two, 0.88 * count);
  }
  double rms() const { return std::sqrt(squared_error / count); }
};

TEST(Trace, StandardErrorsCoverTheTruth) {
  for (const DType type : {DType::float64, DType::float32})
    for (const double scale : {1.0, 1e6, 1e-6}) {
      const Dense dense = with_spectrum(evenly(40, -1, 2, {20, 10, 5, -8}), scale);
      const SymmetricOperator a = dense.as_operator(type);
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
  low_rank[0] = 5, low_rank[1] = -3, low_rank[2] = 2, low_rank[3] = 1;
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
    for (const double scale : {1.0, 1e6, 1e-6}) {
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
    const SymmetricOperator a = dense.as_operator(DType::float64);
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
    for (const double scale : {1.0, 1e6, 1e-6}) {
      SCOPED_TRACE(std::string(name_of(type)) + ", scale " + std::to_string(scale));
      const Values spectrum = evenly(40, -1, 2, {6, -4, 5});
      const Dense dense = with_spectrum(spectrum, scale);
      Coverage first, third, exponential;
      for (std::uint64_t seed = 0; seed < 300; ++seed) {
        RandomStream random(seed, "density");
        const SpectralDensity density = spectral_density(
            dense.as_operator(type), random,
            {.probes = 30, .steps = 12, .probe = seed % 2 ? Probe::gaussian : Probe::rademacher});
        double one = 0, three = 0, decay = 0;
        for (const double x : spectrum) one += x, three += x * x * x, decay += std::exp(-x);
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

// The loss of a tanh network of 4 inputs, 5 hidden units and 3 outputs on 8 examples: 43 parameters.
struct Network {
  explicit Network(DType kind) : type(kind) {
    RandomStream random(19, "network");
    for (double& x : exact_theta.elements<double>()) x = random.normal();
    for (double& x : exact_inputs.elements<double>()) x = random.normal();
    theta = exact_theta.converted(type), inputs = exact_inputs.converted(type);
    for (const auto& [first, shape] :
         std::vector<std::pair<std::int64_t, Shape>>{{0, {4, 5}}, {20, {5}}, {25, {5, 3}}, {40, {3}}})
      leaves.push_back(tape.leaf(theta.part(first, shape)));
    const Var hidden = tanh(add(matmul(tape.leaf(inputs), leaves[0]), leaves[1]));
    loss = mean(cross_entropy(add(matmul(hidden, leaves[2]), leaves[3]), tape.leaf(labels)));
  }
  // Column by column, from the recorded gradient.
  Dense hessian() {
    const std::vector<Var> g = record_gradient(loss, leaves);
    Dense h{43, Values(43 * 43)};
    std::int64_t row = 0;
    for (const Var& part : g)
      for (std::int64_t i = 0; i < part.shape().size(); ++i, ++row) {
        const Tensor unit = Tensor::zeros(part.shape(), type);
        unit.set(i, 1);
        std::vector<Tensor> out;
        for (const Var& leaf : leaves) out.push_back(Tensor::uninitialized(leaf.shape(), type));
        vjp(part, unit, leaves, out);
        std::int64_t column = 0;
        for (const Tensor& piece : out)
          for (std::int64_t j = 0; j < piece.size(); ++j, ++column) h(row, column) = piece.at(j);
      }
    return h;
  }
  DType type;
  Tensor exact_theta = Tensor::zeros({43}, DType::float64), exact_inputs = Tensor::zeros({8, 4}, DType::float64);
  Tensor theta, inputs, labels = Tensor::indices({0, 1, 2, 0, 1, 2, 2, 1});
  Tape tape{type};
  std::vector<Var> leaves;
  Var loss;
};

TEST(Curvature, AgreesWithTheDenseHessianOfANetwork) {
  Network exact(DType::float64);
  const Dense dense = exact.hessian();
  const Values spectrum = jacobi(dense);
  const double size = largest_of(spectrum);
  ASSERT_LT(spectrum.front(), -0.01 * size) << "the test wants negative curvature";
  for (const DType type : {DType::float64, DType::float32}) {
    SCOPED_TRACE(name_of(type));
    Network network(type);
    Linearization at(network.loss, network.leaves);
    const SymmetricOperator hessian{at.size(), type,
                                    [&](const Tensor& v, const Tensor& out) { at.hessian_times(v, out); }};
    const double tolerance = type == DType::float64 ? 1e-9 : 2e-5;
    RandomStream random(20);
    for (const Wanted wanted : {Wanted::largest_magnitude, Wanted::largest, Wanted::smallest}) {
      const EigenPairs found = lanczos(
          hessian, random, {.count = 4, .wanted = wanted, .tolerance = tolerance, .basis = 16, .vectors = true});
      EXPECT_EQ(found.stopped, Stopped::converged);
      const Values expected = first_of(spectrum, wanted, 4);
      for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_NEAR(found.values[i], expected[i], 2 * tolerance * size);
        EXPECT_NEAR(residual_of(dense, found, static_cast<std::int64_t>(i)), 0, 3 * tolerance * size);
      }
    }
    const EigenPairs power = power_iteration(hessian, random, {.tolerance = 10 * tolerance});
    EXPECT_EQ(power.stopped, Stopped::converged);
    EXPECT_NEAR(power.values[0], first_of(spectrum, Wanted::largest_magnitude, 1)[0], 20 * tolerance * size);

    Coverage plain, plus_plus, diagonal, second;
    double squares = 0;
    for (const double x : spectrum) squares += x * x;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
      RandomStream stream(seed, "network");
      plain.add(hutchinson_trace(hessian, 30, stream), dense.trace());
      plus_plus.add(hutch_plus_plus(hessian, 60, stream), dense.trace());
      second.add(spectral_density(hessian, stream, {.probes = 20, .steps = 10}).moment(2), squares / 43);
      const DiagonalEstimate found = hutchinson_diagonal(hessian, 30, stream);
      for (std::int64_t i = 0; i < 43; ++i)
        diagonal.add({found.value.at(i), found.standard_error.at(i) + 1e-6 * size}, dense(i, i));
    }
    plain.expect_honest();
    plus_plus.expect_honest();
    diagonal.expect_honest();
    second.expect_honest();
  }
}

}  // namespace
}  // namespace gradus
