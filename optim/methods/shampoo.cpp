#include "optim/methods/shampoo.h"

#include <cmath>
#include <limits>
#include <map>

#include "autodiff/tensor/matrix.h"
#include "autodiff/tensor/small_eigen.h"
#include "optim/solvers/matrix_sides.h"
#include "optim/typed.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

class ShampooSteps final : public FirstOrderOf<Shampoo> {
 public:
  explicit ShampooSteps(const Shampoo& method) : OptimizerOf(method), has_momentum_(method.momentum > 0) {}

  void apply(const Tensor& theta, const Tensor& gradient, Slices slices) override {
    if (known_slices_.are_new(slices)) lay_out(slices, theta.dtype());
    sides_.ensure(theta.dtype(), h.epsilon);
    diagonal_.ensure(theta.dtype(), h.epsilon);
    if (has_momentum_) ensure_state(velocity_, theta);
    ++step_;
    const bool anew = (step_ - 1) % h.update_interval == 0;
    for (std::size_t i = 0; i < slices.size(); ++i) {
      const Tensor part = slices[i].of(theta), g = slices[i].of(gradient);
      if (part.size() == 0) continue;
      const Tensor direction =
          slices[i].shape.rank() >= 2 ? of_matrix(i, g, anew) : of_vector(diagonal_.of(i, slices[i].shape), g);
      move(part, direction.reshaped(part.shape()), slices[i]);
    }
  }
  void visit(StateVisitor& visitor) override {
    sides_.visit(visitor, h.update_interval > 1 ? "roots" : "");
    visitor.tensor("diagonal_statistics", diagonal_.values);
    if (has_momentum_) visitor.tensor("velocity", velocity_);
    visitor.counter("step", step_);
  }

 private:
  void lay_out(std::span<const ParameterSlice> slices, DType type) {
    sides_.lay_out(slices, h.max_dimension, type);
    for (const ParameterSlice& slice : slices) diagonal_.append(slice.shape.rank() >= 2 ? 0 : slice.size());
    for (Tensor& x : square_) x = Tensor::uninitialized({sides_.longest() * sides_.longest()}, DType::float64);
    direction_ = Tensor::uninitialized({largest_size(slices)}, type);
  }

  Tensor of_vector(const Tensor& statistics, const Tensor& gradient) const {
    const Tensor direction = direction_.part(0, gradient.shape());
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

  Tensor of_matrix(std::size_t slice, const Tensor& gradient, bool anew) {
    sides_.collect(slice, gradient, 1);
    if (anew) sides_.for_each(slice, [&](const Tensor& matrix, const Tensor& root, bool) { write_root(root, matrix); });
    return sides_.apply(slice, gradient);
  }

  // root = matrix^(-1/4): V diag(values^(-1/4)) V^T in double precision. The statistics are at least epsilon I;
  // rounding may have left eigenvalues below it.
  void write_root(const Tensor& root, const Tensor& matrix) {
    const std::int64_t n = matrix.shape()[0];
    if (!std::isfinite(sum_of_squares(matrix))) return root.fill(std::numeric_limits<double>::quiet_NaN());  // diverged
    const Tensor doubles = square_[0].part(0, {n, n}), vectors = square_[1].part(0, {n, n});
    doubles.copy_from(matrix);
    const auto [found, inserted] = solvers_.try_emplace(n, n);
    SymmetricEigensolver& solver = found->second;
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

  void move(const Tensor& theta, const Tensor& direction, const ParameterSlice& slice) const {
    if (has_momentum_)
      update_each(
          theta, direction,
          [this]<class T>(T) {
            return [rate = T(h.learning_rate), mu = T(h.momentum)](T& x, T u, T& b) {
              b = mu * b + u;
              x -= rate * b;
            };
          },
          slice.of(velocity_));
    else
      update_each(theta, direction,
                  [this]<class T>(T) { return [rate = T(h.learning_rate)](T& x, T u) { x -= rate * u; }; });
  }

  bool has_momentum_;
  MatrixSides sides_;
  PackedState diagonal_;  // v of slices of rank <= 1
  Tensor velocity_;
  KnownSlices known_slices_;
  std::int64_t step_ = 0;
  Tensor direction_, square_[2];                          // to work in
  std::map<std::int64_t, SymmetricEigensolver> solvers_;  // one for each extent
};

}  // namespace

std::unique_ptr<Optimizer> make(const Shampoo& method, const RandomStream&) {
  return std::make_unique<ShampooSteps>(method);
}

}  // namespace gradus::optim
