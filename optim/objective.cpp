#include "optim/objective.h"

#include <chrono>
#include <stdexcept>
#include <string>

namespace gradus::optim {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void require_point(const Tensor& theta) {
  if (!theta.defined()) throw std::logic_error("objective: asked before move_to");
}

}  // namespace

void Objective::move_to(const Tensor& theta) {
  if (theta.shape() != Shape{size()} || theta.dtype() != dtype())
    throw std::invalid_argument("objective: point " + theta.shape().to_string() + " of " + name_of(theta.dtype()) +
                                ", expected [" + std::to_string(size()) + "] of " + name_of(dtype()));
  theta_ = theta;
  invalidate();
}

double Objective::value() {
  require_point(theta_);
  if (!value_known_) {
    const auto start = Clock::now();
    value_ = compute_value(theta_);
    value_known_ = true;
    ++costs_.values;
    costs_.examples += examples();
    costs_.seconds += seconds_since(start);
  }
  return value_;
}

const Tensor& Objective::gradient() {
  require_point(theta_);
  if (!gradient_known_) {
    const auto start = Clock::now();
    if (!gradient_.defined()) gradient_ = Tensor::zeros({size()}, dtype());
    value_ = compute_gradient(theta_, gradient_);
    value_known_ = gradient_known_ = true;
    ++costs_.gradients;
    costs_.examples += examples();
    costs_.seconds += seconds_since(start);
  }
  return gradient_;
}

}  // namespace gradus::optim
