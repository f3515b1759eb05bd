// The three points of schedule-free methods (Defazio et al. 2024): theta holds y, the interpolation at which gradients
// are taken, z takes the steps of the base method, and x is z's weighted average.
#pragma once

#include <algorithm>

#include "optim/optimizer.h"
#include "optim/update.h"

namespace gradus::optim {

class ScheduleFreePoints {
 public:
  explicit ScheduleFreePoints(std::int64_t warmup_steps) : warmup_(warmup_steps) {}

  // z and x start at theta.
  void ensure(const Tensor& theta) {
    if (!base.defined()) base = theta.clone();
    if (!average.defined()) average = theta.clone();
    ensure_state(base, theta);
    ensure_state(average, theta);
  }
  // Begins step t: returns gamma = rate(t) min(1, t / warmup_steps), by whose square z enters the average.
  double advance(double learning_rate) { return weighted(++step_, learning_rate); }
  // The same where the rate also has a factor of the step's number.
  template <class Factor>
  double advance(double learning_rate, const Factor& factor) {
    ++step_;
    return weighted(step_, learning_rate * factor(static_cast<double>(step_)));
  }
  // x <- (1 - c) x + c z;  y = (1 - momentum) z + momentum x
  template <class T>
  auto interpolation(double momentum) const {
    return [ c = static_cast<T>(share_), mu = static_cast<T>(momentum) ](T & y, T z, T & x)
        __attribute__((always_inline)) {
      x = (1 - c) * x + c * z;
      y = (1 - mu) * z + mu * x;
    };
  }
  Tensor evaluation_point(const Tensor& theta) const { return step_ > 0 ? average : theta; }
  void visit(StateVisitor& visitor) {
    visitor.tensor("base_point", base);
    visitor.tensor("average", average);
    visitor.number("weight_sum", weight_sum_);
    visitor.counter("step", step_);
  }

  Tensor base, average;  // z and x

 private:
  double weighted(std::int64_t t, double rate) {
    if (warmup_ > 0) rate *= std::min(1.0, static_cast<double>(t) / static_cast<double>(warmup_));
    weight_sum_ += rate * rate;
    share_ = weight_sum_ > 0 ? rate * rate / weight_sum_ : 0;
    return rate;
  }

  std::int64_t warmup_, step_ = 0;
  double weight_sum_ = 0, share_ = 0;
};

}  // namespace gradus::optim
