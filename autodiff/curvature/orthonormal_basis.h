// An orthonormal set of long vectors.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "autodiff/tensor/random.h"
#include "autodiff/tensor/tensor.h"

namespace gradus::curvature {

// Up to `capacity` orthonormal vectors [size] in the element type of an operator; the memory is capacity·size elements.
class OrthonormalBasis {
 public:
  OrthonormalBasis(std::int64_t size, std::int64_t capacity, DType type);

  std::int64_t count() const { return count_; }
  std::int64_t capacity() const { return vectors_.shape()[0]; }
  // Vector i, a view [size].
  Tensor operator[](std::int64_t i) const;
  // The first vectors, a view [count, size].
  Tensor first(std::int64_t count) const { return vectors_.rows(0, count); }

  // w -= Q Qᵀ w, repeated until nothing more is lost (Daniel, Gragg, Kaufman & Stewart 1976). Returns ‖w‖ and, where
  // asked for, the count() coefficients Qᵀ w.
  double orthogonalize(std::span<double> w, std::vector<double>* coefficients = nullptr) const;
  // Adds w / length, w being orthogonal to the basis.
  void append(std::span<const double> w, double length);
  void drop_last() { --count_; }
  void clear() { count_ = 0; }
  // Adds a direction drawn uniformly among those orthogonal to the basis; count() < size.
  void append_random(RandomStream& random);
  // Replaces the basis by `kept` combinations of it: new vector i = Σ_j weights[i·count() + j] · vector j. The weights
  // are orthonormal.
  void combine(const std::vector<double>& weights, std::int64_t kept);

 private:
  Tensor vectors_;  // [capacity, size]
  std::int64_t size_, count_ = 0;
};

}  // namespace gradus::curvature
