// What the tests at the ends of the number range share: an independent computation in long double, and the comparison.
//
// A probe is one use of an operation, its textbook formula, and the points. It is run in float32 and float64, on a
// thread that keeps subnormal numbers and on one that flushes them. Values, and derivatives of a fixed linear
// functional of the result, must equal the formula's to a few units in the last place of the type; NaN and infinity
// must stand where the formula has them. The exceptions stand in the tables, with their reason.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "autodiff/gradcheck.h"
#include "autodiff/gradient.h"
#include "autodiff/operations.h"
#include "autodiff/tensor/random.h"
#include "process/subnormals.h"

namespace gradus::extremes {

using Real = long double;
using Reals = std::vector<Real>;
using Leaves = std::vector<Var>;
inline constexpr Real infinity = std::numeric_limits<Real>::infinity(), nan = std::numeric_limits<Real>::quiet_NaN();

// A number and its derivative in one direction. What does not depend on the direction has no derivative, rather than
// one of 0, which times infinity would be NaN.
struct Dual {
  Real v = 0, d = 0;
  bool depends = false;
  Dual(Real value = 0) : v(value) {}  // NOLINT: numbers are constants
  Dual(Real value, Real derivative, bool has) : v(value), d(derivative), depends(has) {}
};
inline Real product(bool has, Real a, Real b) { return has ? a * b : 0; }
inline Dual operator+(const Dual& a, const Dual& b) { return {a.v + b.v, a.d + b.d, a.depends || b.depends}; }
inline Dual operator-(const Dual& a, const Dual& b) { return {a.v - b.v, a.d - b.d, a.depends || b.depends}; }
inline Dual operator-(const Dual& a) { return {-a.v, -a.d, a.depends}; }
inline Dual operator*(const Dual& a, const Dual& b) {
  return {a.v * b.v, product(a.depends, a.d, b.v) + product(b.depends, b.d, a.v), a.depends || b.depends};
}
inline Dual operator/(const Dual& a, const Dual& b) {
  return {a.v / b.v, (a.depends ? a.d / b.v : 0) - (b.depends ? b.d * (a.v / b.v) / b.v : 0), a.depends || b.depends};
}
inline Dual& operator+=(Dual& a, const Dual& b) { return a = a + b; }
inline Dual chain(const Dual& x, Real value, Real slope) { return {value, product(x.depends, x.d, slope), x.depends}; }

// Functions of both kinds of number.
inline Real value_of(Real x) { return x; }
inline Real value_of(const Dual& x) { return x.v; }
inline Real exp(Real x) { return std::exp(x); }
inline Dual exp(const Dual& x) { return chain(x, std::exp(x.v), std::exp(x.v)); }
inline Real log1p(Real x) { return std::log1p(x); }
inline Dual log1p(const Dual& x) { return chain(x, std::log1p(x.v), 1 / (1 + x.v)); }
inline Real sqrt(Real x) { return std::sqrt(x); }
inline Dual sqrt(const Dual& x) { return chain(x, std::sqrt(x.v), 0.5L / std::sqrt(x.v)); }
inline Real sigmoid(Real x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
inline Real sigmoid_slope(Real x) {
  return std::exp(-std::abs(x)) / ((1 + std::exp(-std::abs(x))) * (1 + std::exp(-std::abs(x))));
}
inline Dual sigmoid(const Dual& x) { return chain(x, sigmoid(x.v), sigmoid_slope(x.v)); }
inline Real tanh(Real x) { return std::tanh(x); }
inline Real tanh_slope(Real x) { return 4 * sigmoid_slope(2 * x); }
inline Dual tanh(const Dual& x) { return chain(x, std::tanh(x.v), tanh_slope(x.v)); }
inline Real softplus(Real x) { return (x < 0 ? 0 : x) + std::log1p(std::exp(-std::abs(x))); }
inline Dual softplus(const Dual& x) { return chain(x, softplus(x.v), sigmoid(x.v)); }
template <class S>
S relu(const S& x) {
  return value_of(x) > 0 ? x : std::isnan(value_of(x)) ? x * S(nan) : S(0);
}
// a b, but 0 where a is 0 and b infinite.
template <class S>
S weighted_by(const S& a, const S& b) {
  return value_of(a) == 0 && std::isinf(value_of(b)) ? S(0) : a * b;
}
// The number, whose derivative means nothing.
inline Real without_slope(Real x) { return x; }
inline Dual without_slope(const Dual& x) { return {x.v, x.depends ? nan : 0, x.depends}; }
// Where the largest of numbers is, or the first NaN.
template <class S>
std::size_t place_of_largest(const std::vector<S>& x) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < x.size(); ++i)
    if (!std::isnan(value_of(x[best])) && !(value_of(x[i]) <= value_of(x[best]))) best = i;
  return best;
}

// An operation's formula on flat lists of numbers, one a operand.
struct Formula {
  std::function<Reals(const std::vector<Reals>&)> values;
  std::function<std::vector<Dual>(const std::vector<std::vector<Dual>>&)> duals;
};
template <class F>
Formula formula(F f) {
  return {[f](const std::vector<Reals>& in) { return f(in); },
          [f](const std::vector<std::vector<Dual>>& in) { return f(in); }};
}

// How far apart two results may be: units in the last place of the expected number, units in that of the largest of its
// tensor (where a sum cancels), how many of the smallest numbers, and units in the last place of 1.
struct Tolerance {
  double units = 8, of_largest = 0, smallest = 4, of_one = 0;
};

template <class T>
std::string difference(T found, Real expected, Real largest, const Tolerance& tolerance, bool flush) {
  using Limits = std::numeric_limits<T>;
  const auto complaint = [&] {
    char text[120];
    std::snprintf(text, sizeof text, "found %.9g, expected %.9Lg", static_cast<double>(found), expected);
    return std::string(text);
  };
  if (std::isnan(expected) || std::isnan(found)) return std::isnan(expected) && std::isnan(found) ? "" : complaint();
  const Real epsilon = Limits::epsilon(), most = Limits::max();
  const Real slack = tolerance.units * epsilon;
  if (std::abs(expected) > most || std::isinf(found)) {  // what rounds to infinity, or nearly
    const bool large =
        std::abs(expected) * (1 + slack) >= most && std::abs(static_cast<Real>(found)) * (1 + slack) >= most;
    return large && (expected > 0) == (found > 0) ? "" : complaint();
  }
  const Real smallest = flush ? Limits::min() : Limits::denorm_min();
  const Real bound = slack * std::abs(expected) + (tolerance.of_largest * largest + tolerance.of_one) * epsilon +
                     tolerance.smallest * smallest;
  return std::abs(static_cast<Real>(found) - expected) <= bound ? "" : complaint();
}

// Runs a check on a thread of its own, with subnormal numbers or without.
template <class F>
void with_and_without_subnormals(const F& check) {
  check(false);
  std::thread([&] {
    flush_subnormals();
    check(true);
  }).join();
}

// The weights of the functional whose derivatives are compared, and those derivatives.
inline double weight(std::size_t i) { return std::array{1.0, -0.5, 3.0}[i % 3]; }
inline std::vector<Tensor> slopes_of(const Var& y, const Leaves& leaves) {
  const Tensor weights = Tensor::uninitialized(y.shape(), y.tape().dtype());
  for (std::int64_t k = 0; k < weights.size(); ++k) weights.set(k, weight(static_cast<std::size_t>(k)));
  std::vector<Tensor> slopes;
  for (const Var& leaf : leaves) slopes.push_back(Tensor::uninitialized(leaf.shape(), y.tape().dtype()));
  vjp(y, weights, leaves, slopes);
  return slopes;
}

// The numbers that a formula is given where the processor takes subnormal ones for 0.
template <class T>
Real seen(T x, bool flush) {
  const Real value = x;
  return flush && std::abs(value) < std::numeric_limits<T>::min() ? std::copysign(Real{0}, value) : value;
}

// The names of the operations that have a probe.
inline std::set<std::string>& probed() {
  static std::set<std::string> names;
  return names;
}

}  // namespace gradus::extremes
