// The only file that compiles Eigen's decompositions.
#include "autodiff/curvature/small_eigen.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <stdexcept>
#include <string>

namespace gradus::curvature {
namespace {

using Solver = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>;

SmallEigen result_of(const Solver& solver, double scale) {
  if (solver.info() != Eigen::Success)
    throw std::runtime_error("eigenvalues of a " + std::to_string(solver.eigenvalues().size()) +
                             "-row matrix: the QR iteration did not converge");
  SmallEigen result;
  for (const double value : solver.eigenvalues()) result.values.push_back(scale * value);
  const double* columns = solver.eigenvectors().data();  // column-major: an eigenvector is contiguous
  result.vectors.assign(columns, columns + solver.eigenvectors().size());
  return result;
}

}  // namespace

SmallEigen symmetric_eigen(const std::vector<double>& matrix, std::int64_t n) {
  const Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> map(matrix.data(), n,
                                                                                                     n);
  return result_of(Solver(map), 1);
}

SmallEigen tridiagonal_eigen(std::span<const double> diagonal, std::span<const double> beside) {
  Eigen::VectorXd d = Eigen::Map<const Eigen::VectorXd>(diagonal.data(), static_cast<Eigen::Index>(diagonal.size()));
  Eigen::VectorXd e = Eigen::Map<const Eigen::VectorXd>(beside.data(), static_cast<Eigen::Index>(beside.size()));
  // Eigen drops an entry beside the diagonal below an absolute bound, so the matrix must be of order one.
  double scale = d.cwiseAbs().maxCoeff();
  if (e.size() > 0) scale = std::max(scale, e.cwiseAbs().maxCoeff());
  if (scale == 0) scale = 1;
  d /= scale, e /= scale;
  Solver solver;
  solver.computeFromTridiagonal(d, e, Eigen::ComputeEigenvectors);
  return result_of(solver, scale);
}

bool small_positive_definite_inverse(const double* a, std::int64_t n, double* out) {
  const Eigen::Map<const Eigen::MatrixXd> matrix(a, n, n);
  const Eigen::LLT<Eigen::MatrixXd> factor(matrix);
  if (factor.info() != Eigen::Success) return false;
  const Eigen::MatrixXd inverse = factor.solve(Eigen::MatrixXd::Identity(n, n));
  if (!inverse.allFinite()) return false;
  Eigen::Map<Eigen::MatrixXd>(out, n, n) = (inverse + inverse.transpose()) / 2;
  return true;
}

}  // namespace gradus::curvature
