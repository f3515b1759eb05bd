// An objective with a dense Hessian, for methods that ask for products.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

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
        type_(type) {}
  std::int64_t size() const override { return size_; }
  DType dtype() const override { return type_; }
  bool offers(Quantity quantity) const override {
    return quantity == Quantity::hessian_times || quantity == Quantity::gradient_squares ||
           quantity == Quantity::sampled_gradient || (quantity == Quantity::gauss_newton_times && gauss_newton_);
  }
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
  void compute_hessian_times(const Tensor& theta, const Tensor& v, const Tensor& out) override {
    times(hessian_(theta.to_vector()), v, out);
  }
  void compute_gauss_newton_times(const Tensor& theta, const Tensor& v, const Tensor& out) override {
    times(gauss_newton_(theta.to_vector()), v, out);
  }
  void compute_gradient_squares(const Tensor& theta, const Tensor& out) override {
    compute_gradient(theta, out);
    for (std::int64_t i = 0; i < size_; ++i) out.set(i, out.at(i) * out.at(i));
  }
  void compute_sampled_gradient(const Tensor&, std::uint64_t key, const Tensor& out) override {
    out.copy_from(Tensor::of({size_}, sampled(key)));
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
