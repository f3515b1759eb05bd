// An objective with a dense Hessian, for methods that ask for products.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "autodiff/tensor/vectors.h"
#include "optim/objective.h"
#include "optim/optimizer.h"
#include "optim/state.h"
#include "tests/optim/problems.h"

namespace gradus::optim {

// The function of `problem` with a Hessian, and a Gauss-Newton matrix if there is one; both row by row.
class DenseObjective final : public Objective {
 public:
  using Matrix = std::function<Vector(const Vector& theta)>;
  DenseObjective(Function function, std::int64_t size, Matrix hessian, Matrix gauss_newton = {},
                 DType type = DType::float64)
      : function_(std::move(function)),
        hessian_(std::move(hessian)),
        gauss_newton_(std::move(gauss_newton)),
        size_(size),
        type_(type) {
    offer(curvature_.hessian, price::hessian, [this](const Tensor& theta, const Tensor& v, const Tensor& out) {
      times(hessian_(theta.to_vector()), v, out);
    });
    offer(curvature_.gradient_squares, [this](const Tensor& theta, const Tensor& out) {
      compute_gradient(theta, out);
      vectors::multiply(out, out, out);
    });
    offer(curvature_.sampled_gradient, [this](const Tensor&, std::uint64_t key, const Tensor& out) {
      out.copy_from(Tensor::of({size_}, sampled(key)));
    });
    if (!gauss_newton_) return;
    offer(curvature_.gauss_newton, price::gauss_newton,
          [this](const Tensor& theta, const Tensor& v, const Tensor& out) {
            times(gauss_newton_(theta.to_vector()), v, out);
          });
  }
  std::int64_t size() const override { return size_; }
  DType dtype() const override { return type_; }
  const Curvature* curvature() const override { return &curvature_; }
  std::span<const Slice> slices() const override { return parts.empty() ? Objective::slices() : parts; }
  std::vector<Slice> parts;
  // What sampled_gradient answers for a key, where it is asked.
  std::function<Vector(std::uint64_t key)> sampled;
  std::int64_t batch = 1;

 protected:
  double compute_value(const Tensor& theta) override {
    Vector unused(static_cast<std::size_t>(size_));
    return function_(theta.to_vector(), unused);
  }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    Vector result(static_cast<std::size_t>(size_));
    const double value = function_(theta.to_vector(), result);
    gradient.copy_from(Tensor::of({size_}, result));
    return value;
  }
  std::int64_t examples() const override { return batch; }

 private:
  void times(const Vector& matrix, const Tensor& v, const Tensor& out) const {
    for (std::int64_t i = 0; i < size_; ++i) {
      double sum = 0;
      for (std::int64_t j = 0; j < size_; ++j) sum += matrix[static_cast<std::size_t>(i * size_ + j)] * v.at(j);
      out.set(i, sum);
    }
  }

  Function function_;
  Matrix hessian_, gauss_newton_;
  std::int64_t size_;
  DType type_;
  Curvature curvature_;
};

// sum of curvature_i theta_i^2 / 2
inline DenseObjective diagonal_quadratic(const Vector& curvature, DType type = DType::float64) {
  const std::size_t n = curvature.size();
  const auto matrix = [=](const Vector&) {
    Vector dense(n * n);
    for (std::size_t i = 0; i < n; ++i) dense[i * n + i] = curvature[i];
    return dense;
  };
  return DenseObjective(
      [=](const Vector& theta, Vector& gradient) {
        double value = 0;
        for (std::size_t i = 0; i < n; ++i) {
          gradient[i] = curvature[i] * theta[i];
          value += gradient[i] * theta[i] / 2;
        }
        return value;
      },
      static_cast<std::int64_t>(n), matrix, matrix, type);
}

// A fresh optimizer with the state of another one.
inline std::unique_ptr<Optimizer> continued(Optimizer& optimizer, const std::string& name,
                                            const NamedValues& values = {}) {
  auto fresh = make_optimizer(name, values);
  restore_state(*fresh, save_state(optimizer));
  return fresh;
}

}  // namespace gradus::optim
