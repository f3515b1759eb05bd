#include "optim/methods/shampoo.h"

#include <cmath>
#include <limits>
#include <map>

#include "autodiff/curvature/small_eigen.h"
#include "autodiff/kernels/math.h"
#include "autodiff/kernels/products.h"
#include "optim/layerwise.h"
#include "optim/typed.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class ShampooSteps final : public FirstOrderOf<Shampoo> {
 public:
  explicit ShampooSteps(const Shampoo& method) : OptimizerOf(method), has_momentum_(method.momentum > 0) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices slices) override {
    if (known_slices_.are_new(slices)) lay_out(slices, theta.dtype());
    ensure_sides(slices, theta.dtype());
    diagonal_.ensure(theta.dtype(), h.epsilon);
    if (has_momentum_) ensure_state(velocity_, theta);
    ++step_;
    const bool anew = (step_ - 1) % h.update_interval == 0;
    for (std::size_t i = 0; i < slices.size(); ++i) {
      const Tensor part = slices[i].of(theta), g = slices[i].of(gradient);
      if (part.size() == 0) continue;
      const Tensor direction = slices[i].shape.rank() >= 2 ? of_matrix(i, matrix_extents(slices[i]), g, anew)
                                                           : of_vector(diagonal_.of(i, slices[i].shape), g);
      move(part, direction.reshaped(part.shape()), slices[i]);
    }
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("row_statistics", rows_.statistics.values);
    visitor.tensor("column_statistics", columns_.statistics.values);
    visitor.tensor("diagonal_statistics", diagonal_.values);
    if (h.update_interval > 1) {
      visitor.tensor("row_roots", rows_.roots.values);
      visitor.tensor("column_roots", columns_.roots.values);
    }
    if (has_momentum_) visitor.tensor("velocity", velocity_);
    visitor.counter("step", step_);
  }

 private:
  struct Side {
    PackedState statistics, roots;  // [n, n] of each slice: L or R, and its power -1/4
  };

  bool is_kept(std::int64_t extent) const { return extent <= h.max_dimension; }

  void lay_out(std::span<const Slice> slices, DType type) {
    std::int64_t longest = 0;
    for (const Slice& slice : slices) {
      const bool matrix = slice.shape.rank() >= 2;
      const MatrixExtents extents = matrix ? matrix_extents(slice) : MatrixExtents{};
      for (const auto& [side, extent] : {std::pair{&rows_, extents.rows}, std::pair{&columns_, extents.columns}}) {
        const std::int64_t n = is_kept(extent) ? extent : 0;
        side->statistics.append(n * n);
        side->roots.append(n * n);
        longest = std::max(longest, n);
      }
      diagonal_.append(matrix ? 0 : slice.size());
    }
    for (Tensor& x : direction_) x = Tensor::uninitialized({largest_size(slices)}, type);
    for (Tensor& x : square_) x = Tensor::uninitialized({longest * longest}, DType::float64);
  }

  void ensure_sides(std::span<const Slice> slices, DType type) {
    for (Side* side : {&rows_, &columns_}) {
      side->roots.ensure(type);
      if (!side->statistics.ensure(type)) continue;
      for (std::size_t i = 0; i < slices.size(); ++i) {
        if (slices[i].shape.rank() < 2) continue;
        const MatrixExtents extents = matrix_extents(slices[i]);
        const std::int64_t n = side == &rows_ ? extents.rows : extents.columns;
        if (!is_kept(n)) continue;
        const Tensor statistics = side->statistics.of(i, {n, n});
        for (std::int64_t k = 0; k < n; ++k) statistics.set(k * n + k, h.epsilon);
      }
    }
  }

  Tensor of_vector(const Tensor& statistics, const Tensor& gradient) const {
    const Tensor direction = direction_[0].part(0, gradient.shape());
    update_each(
        direction, gradient,
        []<class T>(T) {
          return [](T& u, T g, T& v) {
            v += g * g;
            u = g / math::sqrt(v);
          };
        },
        statistics);
    return direction;
  }

  Tensor of_matrix(std::size_t slice, MatrixExtents extents, const Tensor& shaped_gradient, bool anew) {
    const auto [rows, columns] = extents;
    const Tensor gradient = shaped_gradient.reshaped({rows, columns});
    Tensor result = gradient, next = direction_[0].part(0, {rows, columns});
    if (is_kept(rows)) {
      const Tensor statistics = rows_.statistics.of(slice, {rows, rows}), root = rows_.roots.of(slice, {rows, rows});
      kernels::matmul(statistics, true, gradient, false, gradient, true);
      if (anew) write_root(root, statistics);
      kernels::matmul(next, false, root, false, result, false);
      result = next;
      next = direction_[1].part(0, {rows, columns});
    }
    if (is_kept(columns)) {
      const Shape square{columns, columns};
      const Tensor statistics = columns_.statistics.of(slice, square), root = columns_.roots.of(slice, square);
      kernels::matmul(statistics, true, gradient, true, gradient, false);
      if (anew) write_root(root, statistics);
      kernels::matmul(next, false, result, false, root, false);
      result = next;
    }
    return result;
  }

  // root = matrix^(-1/4): V diag(values^(-1/4)) V^T in double precision. The statistics are at least epsilon I;
  // rounding may have left eigenvalues below it.
  void write_root(const Tensor& root, const Tensor& matrix) {
    const std::int64_t n = matrix.shape()[0];
    if (!std::isfinite(sum_of_squares(matrix))) return root.fill(std::numeric_limits<double>::quiet_NaN());  // diverged
    const Tensor doubles = square_[0].part(0, {n, n}), vectors = square_[1].part(0, {n, n});
    doubles.copy_from(matrix);
    const auto [found, inserted] = solvers_.try_emplace(n, n);
    curvature::SymmetricEigensolver& solver = found->second;
    solver.solve(doubles.data<double>());
    const double* from = solver.vectors();
    double* to = vectors.data<double>();
    for (std::int64_t i = 0; i < n; ++i) {
      const double weight = std::pow(std::max<double>(solver.values()[static_cast<std::size_t>(i)], h.epsilon), -0.125);
      for (std::int64_t j = 0; j < n; ++j) to[i * n + j] = weight * from[i * n + j];
    }
    kernels::matmul(doubles, false, vectors, true, vectors, false);
    root.copy_from(doubles);
  }

  void move(const Tensor& theta, const Tensor& direction, const Slice& slice) const {
    if (has_momentum_)
      update_each(
          theta, direction,
          [this]<class T>(T) {
            return [rate = static_cast<T>(h.learning_rate), mu = static_cast<T>(h.momentum)](T& x, T u, T& b) {
              b = mu * b + u;
              x -= rate * b;
            };
          },
          slice.of(velocity_));
    else
      update_each(theta, direction, [this]<class T>(T) {
        return [rate = static_cast<T>(h.learning_rate)](T& x, T u) { x -= rate * u; };
      });
  }

  bool has_momentum_;
  Side rows_, columns_;
  PackedState diagonal_;  // v of slices of rank <= 1
  Tensor velocity_;
  KnownSlices known_slices_;
  std::int64_t step_ = 0;
  // To work in.
  Tensor direction_[2], square_[2];
  std::map<std::int64_t, curvature::SymmetricEigensolver> solvers_;  // one for each extent
};

}  // namespace

std::unique_ptr<Optimizer> make(const Shampoo& method, const RandomStream&) {
  return std::make_unique<ShampooSteps>(method);
}

}  // namespace gradus::optim
