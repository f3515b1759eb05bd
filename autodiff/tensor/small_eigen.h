// The small dense problems at the heart of the Krylov methods and of factored curvature.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace gradus {

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

// Writes the inverse of a symmetric matrix a[n, n], by Cholesky's factorisation, to out[n, n], exactly symmetric.
// Returns false if the matrix is not positive definite to rounding.
bool small_positive_definite_inverse(const double* a, std::int64_t n, double* out);

}  // namespace gradus
