// Objectives made of plain functions, with what is known of their curvature.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "autodiff/tensor/vectors.h"
#include "optim/objective.h"
#include "tests/support/plain_functions.h"

namespace gradus::optim {

// A plain function times `scale`. Without slices, theta is one vector.
class FunctionObjective : public Objective {
 public:
  FunctionObjective(Function function, std::int64_t size, DType type = DType::float64,
                    std::vector<ParameterSlice> slices = {}, double scale = 1)
      : parts(std::move(slices)), function_(std::move(function)), size_(size), scale_(scale), type_(type) {}
  // Another objective of the same function, of which nothing has been asked.
  FunctionObjective(const FunctionObjective& other)
      : FunctionObjective(other.function_, other.size_, other.type_, other.parts, other.scale_) {}
  std::int64_t size() const override { return size_; }
  DType dtype() const override { return type_; }
  std::span<const ParameterSlice> slices() const override { return parts.empty() ? Objective::slices() : parts; }
  std::vector<ParameterSlice> parts;

 protected:
  double compute_value(const Tensor& theta) override {
    Vector unused(static_cast<std::size_t>(size_));
    return scale_ * function_(theta.to_vector(), unused);
  }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    Vector result(static_cast<std::size_t>(size_));
    const double value = function_(theta.to_vector(), result);
    put(result, gradient);
    return scale_ * value;
  }
  // Writes `scale` times the numbers.
  void put(Vector numbers, const Tensor& out) const {
    for (double& x : numbers) x *= scale_;
    out.copy_from(Tensor::of({size_}, numbers));
  }

 private:
  Function function_;
  std::int64_t size_;
  double scale_;
  DType type_;
};

// With a Hessian, and a Gauss-Newton matrix if there is one; both row by row. The squares of "the examples' gradients"
// are those of the gradient.
class DenseObjective final : public FunctionObjective {
 public:
  using Matrix = std::function<Vector(const Vector& theta)>;
  DenseObjective(Function function, std::int64_t size, Matrix hessian, Matrix gauss_newton = {},
                 DType type = DType::float64)
      : FunctionObjective(std::move(function), size, type) {
    offer_product(curvature_.hessian, price::hessian, std::move(hessian));
    offer(curvature_.gradient_squares, [this](const Tensor& theta, const Tensor& out) {
      compute_gradient(theta, out);
      vectors::multiply(out, out, out);
    });
    offer(curvature_.sampled_gradient,
          [this](const Tensor&, std::uint64_t key, const Tensor& out) { put(sampled(key), out); });
    if (gauss_newton) offer_product(curvature_.gauss_newton, price::gauss_newton, std::move(gauss_newton));
  }
  DenseObjective(const DenseObjective&) = delete;
  const Curvature* curvature() const override { return &curvature_; }
  // What sampled_gradient answers for a key, where it is asked.
  std::function<Vector(std::uint64_t key)> sampled;
  std::int64_t batch = 1;

 protected:
  std::int64_t examples() const override { return batch; }

 private:
  void offer_product(LinearOperator& matrix, double price, Matrix dense) {
    offer(matrix, price, [this, dense](const Tensor& theta, const Tensor& v, const Tensor& out) {
      const Vector rows = dense(theta.to_vector()), x = v.to_vector();
      Vector product(x.size());
      for (std::size_t i = 0; i < x.size(); ++i)
        for (std::size_t j = 0; j < x.size(); ++j) product[i] += rows[i * x.size() + j] * x[j];
      put(product, out);
    });
  }
  Curvature curvature_;
};

// With its Hessian product, (theta, v) -> H v. Its Gauss-Newton product is `gauss_newton`, where given.
class SmoothObjective : public FunctionObjective {
 public:
  using Times = std::function<Vector(const Vector& theta, const Vector& v)>;
  SmoothObjective(Function function, Times hessian, std::int64_t size, double scale = 1, DType type = DType::float64)
      : FunctionObjective(std::move(function), size, type, {}, scale), hessian_(std::move(hessian)) {
    offer_product(curvature_.hessian, price::hessian, hessian_);
  }
  SmoothObjective(const SmoothObjective& other) : FunctionObjective(other), hessian_(other.hessian_) {
    offer_product(curvature_.hessian, price::hessian, hessian_);
    set_gauss_newton(other.gauss_newton_);
    set_squares(other.squares_);
  }
  const Curvature* curvature() const override { return &curvature_; }
  void set_gauss_newton(Times times) {
    gauss_newton_ = std::move(times);
    offer_product(curvature_.gauss_newton, price::gauss_newton, gauss_newton_);
  }
  void set_squares(std::function<Vector(const Vector& theta)> squares) {
    squares_ = std::move(squares);
    if (!squares_) return;
    offer(curvature_.gradient_squares, [this](const Tensor& theta, const Tensor& out) {
      out.copy_from(Tensor::of({size()}, squares_(theta.to_vector())));
    });
  }

 private:
  void offer_product(LinearOperator& matrix, double price, const Times& times) {
    if (!times) return;
    offer(matrix, price, [this, times](const Tensor& theta, const Tensor& v, const Tensor& out) {
      put(times(theta.to_vector(), v.to_vector()), out);
    });
  }
  Times hessian_, gauss_newton_;
  std::function<Vector(const Vector& theta)> squares_;
  Curvature curvature_;
};

}  // namespace gradus::optim
