// Eigenvalues from products alone, against dense matrices whose spectrum is known, and all tools on a network's
// Hessian.
#include <gtest/gtest.h>

#include <limits>

#include "autodiff/curvature/diagonal.h"
#include "autodiff/curvature/power_iteration.h"
#include "autodiff/curvature/spectral_density.h"
#include "autodiff/curvature/trace.h"
#include "autodiff/gradient.h"
#include "autodiff/linearization.h"
#include "autodiff/operations.h"
#include "autodiff/tensor/vectors.h"
#include "tests/autodiff/dense_symmetric.h"
#include "tests/support/throws.h"

namespace gradus {
namespace {

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

TEST(Lanczos, BeginsWhereItIsTold) {
  const Dense dense = with_spectrum(evenly(300, 0, 1, {1.1, 1.2, 1.5}));
  for (const DType type : {DType::float64, DType::float32}) {
    const LinearOperator a = dense.as_operator(type);
    const auto search = [&](const Tensor& start) {
      RandomStream random(6);
      return lanczos(a, random,
                     {.count = 1, .wanted = Wanted::largest, .tolerance = 1e-4, .vectors = true, .start = start});
    };
    const EigenPairs cold = search({});
    const Tensor near = cold.vectors.rows(0, 1).clone().reshaped({dense.n});
    RandomStream noise(7);
    vectors::add_normal(1e-4, noise, near);
    vectors::scale(1e3, near);
    const EigenPairs warm = search(near);
    EXPECT_NEAR(warm.values[0], 1.5, 1e-5);
    EXPECT_LT(warm.products, cold.products);
    // As if there were none.
    EXPECT_EQ(search(Tensor::zeros({dense.n}, type)).values, cold.values);
    EXPECT_EQ(search(Tensor::full({dense.n}, std::numeric_limits<double>::infinity(), type)).values, cold.values);
  }
}

TEST(Lanczos, FindsCopiesOnlyWhenAsked) {
  const LinearOperator a = with_spectrum(evenly(200, -1, 1, {5, 5, 5, 3})).as_operator(DType::float64);
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
  const LinearOperator exact = few.as_operator(DType::float64);
  const LinearOperator coarse{12, DType::float64, [&](const Tensor& v, const Tensor& out) {
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
LinearOperator breaking(const Dense& dense, std::int64_t good, DType type) {
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
  LinearOperator infinite = dense.as_operator(DType::float32);
  infinite.times = [](const Tensor&, const Tensor& out) { out.fill(std::numeric_limits<double>::infinity()); };
  RandomStream random(9);
  EXPECT_EQ(lanczos(infinite, random).stopped, Stopped::not_finite);
  EXPECT_EQ(power_iteration(infinite, random).stopped, Stopped::not_finite);
}

template <class F>
void expect_refusal(const F& f, const std::string& part) {
  const std::string refusal = refusal_of(f);
  EXPECT_NE(refusal.find(part), std::string::npos) << refusal;
}

TEST(Curvature, RefusesImpossibleArguments) {
  const LinearOperator a = with_spectrum({1, 2, 3}).as_operator(DType::float64);
  RandomStream random(1);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  expect_refusal([&] { lanczos(a, random, {.count = 4}); }, "lanczos: 4 eigenvalues of an operator of size 3");
  expect_refusal([&] { lanczos(a, random, {.count = 0}); }, "lanczos: 0 eigenvalues");
  expect_refusal([&] { lanczos(a, random, {.tolerance = 0}); }, "lanczos: tolerance");
  expect_refusal([&] { lanczos(a, random, {.tolerance = nan}); }, "lanczos: tolerance");
  expect_refusal([&] { lanczos(a, random, {.count = 3, .max_products = 5}); }, "lanczos: at most 5 products for 3");
  expect_refusal([&] { lanczos(a, random, {.count = 1, .basis = 2}); }, "lanczos: a basis of 2 vectors, expected 3");
  expect_refusal([&] { lanczos(a, random, {.start = Tensor::zeros({2}, DType::float64)}); },
                 "lanczos: a start [2], expected [3]");
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

  LinearOperator bad = a;
  bad.size = 0;
  expect_refusal([&] { lanczos(bad, random); }, "lanczos: operator of size 0");
  bad = a;
  bad.type = DType::int32;
  expect_refusal([&] { hutchinson_trace(bad, 1, random); }, "hutchinson_trace: operator of int32");
  bad = a;
  bad.times = nullptr;
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
  const LinearOperator opposite = with_spectrum({5, -5, 1, 0.5, 0}).as_operator(DType::float64);
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
  const LinearOperator a = with_spectrum(evenly(60, -1, 1, {4, 3})).as_operator(DType::float32);
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

// The loss of a tanh network of 4 inputs, 5 hidden units and 3 outputs on 8 examples: 43 parameters.
struct Network {
  explicit Network(DType kind) : type(kind) {
    RandomStream random(19, "network");
    for (double& x : exact_theta.elements<double>()) x = random.normal();
    for (double& x : exact_inputs.elements<double>()) x = random.normal();
    theta = exact_theta.converted(type);
    inputs = exact_inputs.converted(type);
    for (const auto& [first, shape] :
         std::vector<std::pair<std::int64_t, Shape>>{{0, {4, 5}}, {20, {5}}, {25, {5, 3}}, {40, {3}}})
      leaves.push_back(tape.leaf(theta.part(first, shape)));
    const Var hidden = tanh(add(matmul(tape.leaf(inputs), leaves[0]), leaves[1]));
    loss = mean(cross_entropy_each(add(matmul(hidden, leaves[2]), leaves[3]), tape.leaf(labels)));
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
    const LinearOperator hessian{at.size(), type,
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
