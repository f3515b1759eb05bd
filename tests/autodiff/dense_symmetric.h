// Dense symmetric matrices of known spectrum, for the tests of curvature tools.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "autodiff/curvature/estimate.h"
#include "autodiff/curvature/lanczos.h"
#include "autodiff/tensor/linear_operator.h"
#include "autodiff/tensor/random.h"

namespace gradus {

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
  LinearOperator as_operator(DType type, std::int64_t* products = nullptr) const {
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
inline Dense with_spectrum(const Values& spectrum, double scale = 1) {
  const auto n = static_cast<std::int64_t>(spectrum.size());
  Dense d{n, Values(static_cast<std::size_t>(n * n))};
  for (std::int64_t i = 0; i < n; ++i) d(i, i) = scale * spectrum[static_cast<std::size_t>(i)];
  RandomStream random(11, "reflections");
  for (int reflection = 0; reflection < 3; ++reflection) {
    Values u(spectrum.size());
    double squares = 0;
    for (double& x : u) {
      x = random.normal();
      squares += x * x;
    }
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
inline Values jacobi(Dense d) {
  for (int sweep = 0; sweep < 30; ++sweep)
    for (std::int64_t p = 0; p < d.n; ++p)
      for (std::int64_t q = p + 1; q < d.n; ++q) {
        if (d(p, q) == 0) continue;
        const double angle = 0.5 * std::atan2(2 * d(p, q), d(q, q) - d(p, p)), c = std::cos(angle), s = std::sin(angle);
        for (const bool rows : {false, true})
          for (std::int64_t k = 0; k < d.n; ++k) {
            double &x = rows ? d(p, k) : d(k, p), &y = rows ? d(q, k) : d(k, q);
            const double old = x;
            x = c * old - s * y;
            y = s * old + c * y;
          }
      }
  Values values;
  for (std::int64_t i = 0; i < d.n; ++i) values.push_back(d(i, i));
  std::sort(values.begin(), values.end());
  return values;
}

inline Values first_of(Values values, Wanted wanted, std::int64_t count) {
  std::sort(values.begin(), values.end(), [&](double x, double y) {
    if (wanted == Wanted::smallest) return x < y;
    return wanted == Wanted::largest ? x > y : std::abs(x) > std::abs(y);
  });
  values.resize(static_cast<std::size_t>(count));
  return values;
}

inline double largest_of(const Values& values) {
  double largest = 0;
  for (const double x : values) largest = std::max(largest, std::abs(x));
  return largest;
}

// ‖A x - λ x‖ of pair i, and how far the vectors are from orthonormal, from the dense matrix in double precision.
inline double residual_of(const Dense& d, const EigenPairs& found, std::int64_t pair) {
  const Values x = found.vectors.rows(pair, 1).to_vector();
  double squares = 0;
  for (std::int64_t i = 0; i < d.n; ++i) {
    double sum = -found.values[static_cast<std::size_t>(pair)] * x[static_cast<std::size_t>(i)];
    for (std::int64_t j = 0; j < d.n; ++j) sum += d(i, j) * x[static_cast<std::size_t>(j)];
    squares += sum * sum;
  }
  return std::sqrt(squares);
}

inline double orthonormality_error(const Tensor& vectors) {
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

inline Values geometric(std::int64_t n, double first, double ratio) {
  Values values;
  for (double x = first; values.size() < static_cast<std::size_t>(n); x *= ratio) values.push_back(x);
  return values;
}

// n values evenly from low to high, and others beside them.
inline Values evenly(std::int64_t n, double low, double high, const Values& others = {}) {
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

inline std::vector<Spectrum> spectra() {
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

// How often the truth lies within one and within two standard errors; each estimate has a seed of its own.
struct Coverage {
  int within_one = 0, within_two = 0, count = 0;
  double squared_error = 0;
  void add(const Estimate& estimate, double truth) {
    const double error = std::abs(estimate.value - truth);
    within_one += error <= estimate.standard_error;
    within_two += error <= 2 * estimate.standard_error;
    squared_error += error * error;
    ++count;
  }
  // For a normal distribution 68 and 95 of 100: neither far fewer, nor an error bar that is too long.
  void expect_honest() const {
    EXPECT_GE(within_one, 0.55 * count);
    EXPECT_LE(within_one, 0.8 * count);
    EXPECT_GE(within_two, 0.88 * count);
  }
  double rms() const { return std::sqrt(squared_error / count); }
};

}  // namespace gradus
