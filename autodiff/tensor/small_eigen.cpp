// The only file that compiles Eigen's decompositions.
#include "autodiff/tensor/small_eigen.h"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <stdexcept>
#include <string>

namespace gradus {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Solver = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>;

void require_success(Eigen::ComputationInfo info, Eigen::Index n) {
  if (info != Eigen::Success)
    throw std::runtime_error(fmt::format("eigenvalues of a {}-row matrix: the QR iteration did not converge", n));
}

SmallEigen result_of(const Solver& solver, double scale) {
  require_success(solver.info(), solver.eigenvalues().size());
  SmallEigen result;
  for (const double value : solver.eigenvalues()) result.values.push_back(scale * value);
  const double* columns = solver.eigenvectors().data();  // column-major: an eigenvector is contiguous
  result.vectors.assign(columns, columns + solver.eigenvectors().size());
  return result;
}

}  // namespace

SmallEigen symmetric_eigen(const std::vector<double>& matrix, std::int64_t n) {
  const Eigen::Map<const RowMajor> map(matrix.data(), n, n);
  return result_of(Solver(map), 1);
}

struct SymmetricEigensolver::Memory {
  explicit Memory(Eigen::Index n) : matrix(n, n), values(n), beside(n - 1), reflections(n - 1), row(n) {}
  Eigen::MatrixXd matrix;  // in the end its columns are the eigenvectors
  Eigen::VectorXd values, beside, reflections;
  Eigen::RowVectorXd row;
};

SymmetricEigensolver::SymmetricEigensolver(std::int64_t n) : memory_(std::make_unique<Memory>(n)) {}
SymmetricEigensolver::~SymmetricEigensolver() = default;
SymmetricEigensolver::SymmetricEigensolver(SymmetricEigensolver&&) noexcept = default;
SymmetricEigensolver& SymmetricEigensolver::operator=(SymmetricEigensolver&&) noexcept = default;

// What Eigen's solver does, in its own steps: as a whole it allocates a vector for each matrix.
void SymmetricEigensolver::solve(const double* matrix) {
  auto& [m, values, beside, reflections, row] = *memory_;
  const Eigen::Index n = m.rows();
  m = Eigen::Map<const RowMajor>(matrix, n, n);
  double scale = 0;
  for (Eigen::Index j = 0; j < n; ++j) scale = std::max(scale, m.col(j).tail(n - j).cwiseAbs().maxCoeff());
  if (scale == 0) scale = 1;
  m /= scale;
  if (n > 1) {
    Eigen::internal::tridiagonalization_inplace(m, reflections);
    values = m.diagonal();
    beside = m.diagonal<-1>();
    Eigen::HouseholderSequence<Eigen::MatrixXd, Eigen::VectorXd>(m, reflections)
        .setLength(n - 1)
        .setShift(1)
        .evalTo(m, row);
    constexpr Eigen::Index iterations_a_row = 30;
    require_success(Eigen::internal::computeFromTridiagonal_impl(values, beside, iterations_a_row, true, m), n);
  } else {
    values(0) = m(0, 0);
    m(0, 0) = 1;
  }
  values *= scale;
}

std::span<const double> SymmetricEigensolver::values() const {
  return {memory_->values.data(), static_cast<std::size_t>(memory_->values.size())};
}
const double* SymmetricEigensolver::vectors() const { return memory_->matrix.data(); }

SmallEigen tridiagonal_eigen(std::span<const double> diagonal, std::span<const double> beside) {
  Eigen::VectorXd d = Eigen::Map<const Eigen::VectorXd>(diagonal.data(), static_cast<Eigen::Index>(diagonal.size()));
  Eigen::VectorXd e = Eigen::Map<const Eigen::VectorXd>(beside.data(), static_cast<Eigen::Index>(beside.size()));
  // Eigen drops an entry beside the diagonal below an absolute bound, so the matrix must be of order one.
  double scale = d.cwiseAbs().maxCoeff();
  if (e.size() > 0) scale = std::max(scale, e.cwiseAbs().maxCoeff());
  if (scale == 0) scale = 1;
  d /= scale;
  e /= scale;
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

}  // namespace gradus
