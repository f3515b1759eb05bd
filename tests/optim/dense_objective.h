// A quadratic with a dense Hessian, and optimizers that go on from the state of another one.
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
