// Points and norms for the tests of problems.
#pragma once

#include <cmath>

#include "autodiff/tensor/random.h"
#include "experiments/problems/problem.h"
#include "tests/support/tensors.h"

namespace gradus::problems {

inline double dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) sum += a.at(i) * b.at(i);
  return sum;
}
inline double norm(const Tensor& a) { return std::sqrt(dot(a, a)); }
// x + step v, in new memory.
inline Tensor moved(const Tensor& x, double step, const Tensor& v) {
  const Tensor result = x.clone();
  for (std::int64_t i = 0; i < x.size(); ++i) result.set(i, x.at(i) + step * v.at(i));
  return result;
}
inline double value_at(optim::Objective& objective, const Tensor& x) {
  objective.move_to(x);
  return objective.value();
}
inline Tensor gradient_at(optim::Objective& objective, const Tensor& x) {
  objective.move_to(x);
  return objective.gradient().clone();
}

}  // namespace gradus::problems
