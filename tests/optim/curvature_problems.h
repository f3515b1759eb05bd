// Functions with exact Hessian products, and dense references.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "autodiff/tensor/linear_operator.h"
#include "autodiff/tensor/small_eigen.h"
#include "optim/optimizer.h"
#include "optim/state.h"
#include "tests/support/objectives.h"

namespace gradus::optim {

// sum of 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2 over i.
inline SmoothObjective chained_rosenbrock(std::int64_t n, double scale = 1, DType type = DType::float64) {
  const Function function = [](const Vector& x, Vector& g) {
    double value = 0;
    std::fill(g.begin(), g.end(), 0.0);
    for (std::size_t i = 0; i + 1 < x.size(); ++i) {
      const double valley = x[i + 1] - x[i] * x[i], rest = 1 - x[i];
      value += 100 * valley * valley + rest * rest;
      g[i] += -400 * x[i] * valley - 2 * rest;
      g[i + 1] += 200 * valley;
    }
    return value;
  };
  const auto hessian = [](const Vector& x, const Vector& v) {
    Vector out(x.size());
    for (std::size_t i = 0; i + 1 < x.size(); ++i) {
      out[i] += (1200 * x[i] * x[i] - 400 * x[i + 1] + 2) * v[i] - 400 * x[i] * v[i + 1];
      out[i + 1] += 200 * v[i + 1] - 400 * x[i] * v[i];
    }
    return out;
  };
  return {function, hessian, n, scale, type};
}
// -1.2, 1, -1.2, 1, ...
inline Vector rosenbrock_start(std::size_t n) {
  Vector start(n, 1);
  for (std::size_t i = 0; i < n; i += 2) start[i] = -1.2;
  return start;
}

// A symmetric matrix with the eigenvalues given and random eigenvectors.
class DenseSymmetric {
 public:
  DenseSymmetric(const Vector& eigenvalues, std::uint64_t seed) : n_(eigenvalues.size()), a_(n_ * n_) {
    // The eigenvectors are those of a random symmetric matrix.
    const Vector random = random_numbers(n_ * n_, seed);
    Vector symmetric(n_ * n_);
    for (std::size_t i = 0; i < n_; ++i)
      for (std::size_t j = 0; j < n_; ++j) symmetric[i * n_ + j] = random[i * n_ + j] + random[j * n_ + i];
    const auto basis = symmetric_eigen(symmetric, static_cast<std::int64_t>(n_)).vectors;
    for (std::size_t k = 0; k < n_; ++k)
      for (std::size_t i = 0; i < n_; ++i)
        for (std::size_t j = 0; j < n_; ++j) a_[i * n_ + j] += eigenvalues[k] * basis[k * n_ + i] * basis[k * n_ + j];
  }
  std::size_t size() const { return n_; }
  const Vector& entries() const { return a_; }
  Vector times(const Vector& v) const {
    Vector out(n_);
    for (std::size_t i = 0; i < n_; ++i)
      for (std::size_t j = 0; j < n_; ++j) out[i] += a_[i * n_ + j] * v[j];
    return out;
  }
  // -(A + shift I)^-1 g by the eigendecomposition.
  Vector newton_step(const Vector& g, double shift = 0) const {
    const auto eigen = symmetric_eigen(a_, static_cast<std::int64_t>(n_));
    Vector out(n_);
    for (std::size_t k = 0; k < n_; ++k) {
      double inner = 0;
      for (std::size_t i = 0; i < n_; ++i) inner += eigen.vectors[k * n_ + i] * g[i];
      for (std::size_t i = 0; i < n_; ++i) out[i] -= inner / (eigen.values[k] + shift) * eigen.vectors[k * n_ + i];
    }
    return out;
  }
  LinearOperator product(double scale = 1) const {
    return {static_cast<std::int64_t>(n_), DType::float64, [this, scale](const Tensor& v, const Tensor& out) {
              Vector result = times(v.to_vector());
              for (double& x : result) x *= scale;
              out.copy_from(Tensor::of(v.shape(), result));
            }};
  }

 private:
  std::size_t n_;
  Vector a_;
};

inline double dot(const Vector& x, const Vector& y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}
inline double norm(const Vector& x) { return std::sqrt(dot(x, x)); }
inline double distance(const Vector& x, const Vector& y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += (x[i] - y[i]) * (x[i] - y[i]);
  return std::sqrt(sum);
}

// Steps until the method says that it is final, or `most` steps.
struct Course {
  StepReport last;
  int steps = 0;
  std::vector<Vector> path;  // after each step
  std::vector<StepReport> reports;
};
inline Course run(Optimizer& optimizer, Objective& objective, const Tensor& theta, int most) {
  Course result;
  while (result.steps < most) {
    result.last = optimizer.step(objective, theta);
    ++result.steps;
    result.reports.push_back(result.last);
    result.path.push_back(theta.to_vector());
    if (result.last.is_final()) break;
  }
  return result;
}

// Whether a copy of the optimizer, restored into `fresh`, continues with the same bits.
inline bool continues_bitwise(Optimizer& optimizer, Optimizer& fresh, Objective& objective, const Tensor& theta,
                              int steps) {
  restore_state(fresh, save_state(optimizer));
  const Tensor other = theta.clone();
  for (int i = 0; i < steps; ++i) optimizer.step(objective, theta);
  for (int i = 0; i < steps; ++i) fresh.step(objective, other);
  return theta.to_vector() == other.to_vector();
}

}  // namespace gradus::optim
