// The small dense eigenproblems at the heart of the Krylov methods.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace gradus::curvature {

struct SmallEigen {
  std::vector<double> values;   // ascending
  std::vector<double> vectors;  // [n, n]: eigenvector i, of length 1, in row i
};

// Of a symmetric matrix [n, n], whose lower triangle is read. Finite numbers only.
SmallEigen symmetric_eigen(const std::vector<double>& matrix, std::int64_t n);

// The same for one matrix of n rows after another, in memory that is allocated once.
class SymmetricEigensolver {
 public:
  explicit SymmetricEigensolver(std::int64_t n);
  ~SymmetricEigensolver();
  SymmetricEigensolver(SymmetricEigensolver&&) noexcept;
  SymmetricEigensolver& operator=(SymmetricEigensolver&&) noexcept;

  // Of a symmetric matrix [n, n], whose lower triangle is read. Finite numbers only.
  void solve(const double* matrix);
  // Of the last matrix: eigenvalues, ascending; eigenvectors [n, n], eigenvector i, of length 1, in row i.
  std::span<const double> values() const;
  const double* vectors() const;

 private:
  struct Memory;
  std::unique_ptr<Memory> memory_;
};

// Of the tridiagonal matrix with n numbers on the diagonal and n - 1 beside it.
SmallEigen tridiagonal_eigen(std::span<const double> diagonal, std::span<const double> beside);

}  // namespace gradus::curvature
