// What an optimizer asks, with every answer counted.
#pragma once

#include <cstdint>

#include "autodiff/tensor.h"

namespace gradus::optim {

// What has been computed so far. Comparisons between methods are made at equal cost, not at equal step counts.
struct Costs {
  std::int64_t values = 0;     // evaluations of the value alone
  std::int64_t gradients = 0;  // evaluations of value and gradient
  std::int64_t examples = 0;   // training examples seen by either
  double seconds = 0;          // spent in them
};

// A function of the parameter vector. Answers are computed on the first request and kept until the point moves.
class Objective {
 public:
  virtual ~Objective() = default;

  // Goes to another point (a vector of size()); what was known is forgotten. The vector is referred to, not copied.
  void move_to(const Tensor& theta);
  // Forgets what is known, because theta or the data changed in place.
  void invalidate() { value_known_ = gradient_known_ = false; }

  // At the current point; throws std::logic_error before the first move_to.
  double value();
  const Tensor& gradient();

  const Costs& costs() const { return costs_; }

  virtual std::int64_t size() const = 0;
  virtual DType dtype() const = 0;

 protected:
  virtual double compute_value(const Tensor& theta) = 0;
  // Writes the gradient and returns the value.
  virtual double compute_gradient(const Tensor& theta, const Tensor& gradient) = 0;
  // Examples that one evaluation looks at.
  virtual std::int64_t examples() const { return 1; }

 private:
  Tensor theta_, gradient_;
  double value_ = 0;
  bool value_known_ = false, gradient_known_ = false;
  Costs costs_;
};

}  // namespace gradus::optim
