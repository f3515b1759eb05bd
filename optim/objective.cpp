#include "optim/objective.h"

#include <fmt/format.h>

#include <cstring>
#include <stdexcept>
#include <string>

namespace gradus::optim {

Costs operator-(const Costs& after, const Costs& before) {
  return {after.values - before.values,
          after.gradients - before.gradients,
          after.products - before.products,
          after.examples - before.examples,
          after.gradient_equivalents - before.gradient_equivalents,
          after.seconds - before.seconds};
}

void Objective::move_to(const Tensor& theta) {
  if (theta.shape() != Shape{size()} || theta.dtype() != dtype())
    throw std::invalid_argument(fmt::format("objective: point {} of {}, expected [{}] of {}", theta.shape().to_string(),
                                            name_of(theta.dtype()), size(), name_of(dtype())));
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

void Objective::forget() {
  value_known_ = false;
  gradient_known_ = false;
  ++point_number_;
}

void Objective::charge(std::int64_t Costs::*count, std::int64_t times, std::int64_t examples, double price) {
  costs_.*count += times;
  costs_.examples += times * examples;
  costs_.gradient_equivalents += price * static_cast<double>(times * examples);
}

double Objective::value() {
  const Tensor& theta = point();
  if (!value_known_) {
    timed([&] { value_ = compute_value(theta); });
    value_known_ = true;
    charge(&Costs::values, 1, examples(), price::value);
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
    charge(&Costs::gradients, 1, examples(), price::gradient);
  }
  return gradient_;
}

void Objective::check_size(const Tensor& vector) const {
  if (vector.shape() != Shape{size()} || vector.dtype() != dtype())
    throw std::invalid_argument(fmt::format("objective: vector {} of {}, expected [{}] of {}",
                                            vector.shape().to_string(), name_of(vector.dtype()), size(),
                                            name_of(dtype())));
}

void Objective::visit_memory(StateVisitor& visitor) {
  visitor.counter("values", costs_.values);
  visitor.counter("gradients", costs_.gradients);
  visitor.counter("products", costs_.products);
  visitor.counter("examples", costs_.examples);
  visitor.number("gradient_equivalents", costs_.gradient_equivalents);
  visitor.number("seconds", costs_.seconds);
  bool as_now = is_current();
  visit_known(visitor, as_now);
  set_current(as_now);
}

void Objective::visit_known(StateVisitor& visitor, bool& is_current) {
  visitor.tensor("adopted_point", adopted_);
  visitor.tensor("gradient", gradient_);
  visitor.number("value", value_);
  visitor.whole("has_adopted", has_adopted_);
  visitor.whole("value_known", value_known_);
  visitor.whole("gradient_known", gradient_known_);
  visitor.whole("is_current", is_current);
  if (has_adopted_ && !theta_.defined()) theta_ = adopted_;
}

std::span<const ParameterSlice> Objective::slices() const {
  if (whole_.empty()) whole_.push_back({"theta", {size()}, 0, {}});
  return whole_;
}

}  // namespace gradus::optim
