#include "optim/objective.h"

#include <chrono>
#include <cstring>
#include <stdexcept>
#include <string>

namespace gradus::optim {
namespace {

using Clock = std::chrono::steady_clock;

// Prices in gradients; see Costs.
constexpr double value_price = 1.0 / 3, gradient_price = 1, hessian_price = 2, gauss_newton_price = 4.0 / 3;

[[noreturn]] void not_offered(Quantity quantity) {
  throw std::invalid_argument(std::string("objective: does not offer ") + name_of(quantity));
}

}  // namespace

Costs operator-(const Costs& after, const Costs& before) {
  return {after.values - before.values,
          after.gradients - before.gradients,
          after.products - before.products,
          after.examples - before.examples,
          after.gradient_equivalents - before.gradient_equivalents,
          after.seconds - before.seconds};
}

const char* name_of(Quantity quantity) {
  switch (quantity) {
    case Quantity::hessian_times: return "hessian_times";
    case Quantity::gauss_newton_times: return "gauss_newton_times";
    case Quantity::structural_times: return "structural_times";
    case Quantity::sampled_gradient: return "sampled_gradient";
    case Quantity::gradient_squares: return "gradient_squares";
    case Quantity::kronecker_factors: return "kronecker_factors";
  }
  return "?";
}

void Objective::move_to(const Tensor& theta) {
  if (theta.shape() != Shape{size()} || theta.dtype() != dtype())
    throw std::invalid_argument("objective: point " + theta.shape().to_string() + " of " + name_of(theta.dtype()) +
                                ", expected [" + std::to_string(size()) + "] of " + name_of(dtype()));
  theta_ = theta;
  has_adopted_ = false;
  forget();
  moved();
}

void Objective::adopt(const Tensor& theta) {
  point();
  if (!adopted_.defined()) adopted_ = Tensor::uninitialized({size()}, dtype());
  adopted_.copy_from(theta);
  theta_ = theta;
  has_adopted_ = true;
}

void Objective::return_to(const Tensor& theta) {
  const bool same = has_adopted_ && known_version_ == version() && theta.shape() == adopted_.shape() &&
                    theta.dtype() == adopted_.dtype() && std::memcmp(theta.raw(), adopted_.raw(), theta.bytes()) == 0;
  if (same)
    theta_ = theta;
  else
    move_to(theta);
}

const Tensor& Objective::point() {
  if (!theta_.defined()) throw std::logic_error("objective: asked before move_to");
  if (const std::uint64_t now = version(); known_version_ != now) {
    forget();
    known_version_ = now;
  }
  return theta_;
}

template <class F>
void Objective::timed(const F& work) {
  const auto start = Clock::now();
  work();
  costs_.seconds += std::chrono::duration<double>(Clock::now() - start).count();
}

void Objective::charge(std::int64_t Costs::* count, std::int64_t times, std::int64_t examples, double price) {
  costs_.*count += times;
  costs_.examples += times * examples;
  costs_.gradient_equivalents += price * static_cast<double>(times * examples);
}

double Objective::value() {
  const Tensor& theta = point();
  if (!value_known_) {
    timed([&] { value_ = compute_value(theta); });
    value_known_ = true;
    charge(&Costs::values, 1, examples(), value_price);
  }
  return value_;
}

const Tensor& Objective::gradient() {
  const Tensor& theta = point();
  if (!gradient_known_) {
    // A decorator may have come to wrap an objective of another size.
    if (!gradient_.defined() || gradient_.size() != size() || gradient_.dtype() != dtype())
      gradient_ = Tensor::zeros({size()}, dtype());
    timed([&] { value_ = compute_gradient(theta, gradient_); });
    value_known_ = gradient_known_ = true;
    charge(&Costs::gradients, 1, examples(), gradient_price);
  }
  return gradient_;
}

void Objective::check_vector(Quantity quantity, const Tensor& vector) const {
  const Shape& shape = vector.shape();
  const bool fits = (shape.rank() == 1 || shape.rank() == 2) && shape[shape.rank() - 1] == size();
  if (!fits || vector.dtype() != dtype())
    throw std::invalid_argument(std::string(name_of(quantity)) + ": vector " + shape.to_string() + " of " +
                                name_of(vector.dtype()) + ", expected [" + std::to_string(size()) + "] of " +
                                name_of(dtype()) + ", or several");
}

template <class F>
void Objective::product(Quantity quantity, const Tensor& v, const Tensor& out, double price, const F& compute) {
  if (!offers(quantity)) not_offered(quantity);
  check_vector(quantity, v);
  check_vector(quantity, out);
  if (v.shape() != out.shape())
    throw std::invalid_argument(std::string(name_of(quantity)) + ": vector " + v.shape().to_string() + ", result " +
                                out.shape().to_string());
  const Tensor& theta = point();
  timed([&] {
    if (!prepared_) {
      prepared_ = true;
      if (prepare_products(theta)) charge(&Costs::gradients, 1, product_examples(), gradient_price);
    }
    compute(theta);
  });
  charge(&Costs::products, v.shape().rank() == 2 ? v.shape()[0] : 1, product_examples(), price);
}

void Objective::hessian_times(const Tensor& v, const Tensor& out) {
  product(Quantity::hessian_times, v, out, hessian_price,
          [&](const Tensor& theta) { compute_hessian_times(theta, v, out); });
}

void Objective::gauss_newton_times(const Tensor& v, const Tensor& out) {
  product(Quantity::gauss_newton_times, v, out, gauss_newton_price,
          [&](const Tensor& theta) { compute_gauss_newton_times(theta, v, out); });
}

void Objective::structural_times(const Tensor& v, const Tensor& out) {
  product(Quantity::structural_times, v, out, gauss_newton_price,
          [&](const Tensor& theta) { compute_structural_times(theta, v, out); });
}

void Objective::sampled_gradient(std::uint64_t key, const Tensor& out) {
  if (!offers(Quantity::sampled_gradient)) not_offered(Quantity::sampled_gradient);
  check_vector(Quantity::sampled_gradient, out);
  const Tensor& theta = point();
  prepared_ = false;  // it may use the memory of what was prepared
  timed([&] { compute_sampled_gradient(theta, key, out); });
  charge(&Costs::gradients, 1, product_examples(), gradient_price);
}

void Objective::gradient_squares(const Tensor& out) {
  if (!offers(Quantity::gradient_squares)) not_offered(Quantity::gradient_squares);
  check_vector(Quantity::gradient_squares, out);
  const Tensor& theta = point();
  prepared_ = false;
  timed([&] { compute_gradient_squares(theta, out); });
  charge(&Costs::gradients, 1, product_examples(), gradient_price);
}

void Objective::kronecker_factors(std::uint64_t key, std::vector<KroneckerBlock>& blocks) {
  if (!offers(Quantity::kronecker_factors)) not_offered(Quantity::kronecker_factors);
  const Tensor& theta = point();
  prepared_ = false;
  timed([&] { compute_kronecker_factors(theta, key, blocks); });
  charge(&Costs::gradients, 1, product_examples(), gradient_price);
}

void Objective::require(Quantity quantity, const std::string& method) const {
  if (!offers(quantity))
    throw std::invalid_argument(method + ": needs " + name_of(quantity) + ", which this objective does not offer");
}

std::span<const Slice> Objective::slices() const {
  if (whole_.empty()) whole_.push_back({"theta", {size()}, 0, {}});
  return whole_;
}

void Objective::compute_hessian_times(const Tensor&, const Tensor&, const Tensor&) { not_offered(Quantity::hessian_times); }
void Objective::compute_gauss_newton_times(const Tensor&, const Tensor&, const Tensor&) {
  not_offered(Quantity::gauss_newton_times);
}
void Objective::compute_structural_times(const Tensor&, const Tensor&, const Tensor&) {
  not_offered(Quantity::structural_times);
}
void Objective::compute_sampled_gradient(const Tensor&, std::uint64_t, const Tensor&) {
  not_offered(Quantity::sampled_gradient);
}
void Objective::compute_gradient_squares(const Tensor&, const Tensor&) { not_offered(Quantity::gradient_squares); }
void Objective::compute_kronecker_factors(const Tensor&, std::uint64_t, std::vector<KroneckerBlock>&) {
  not_offered(Quantity::kronecker_factors);
}

}  // namespace gradus::optim
