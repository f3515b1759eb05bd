// Generated features whose second moments have a condition number that is known exactly, for linear and logistic
// regression.
#pragma once

#include <cstdint>
#include <functional>

#include "experiments/lab/source.h"

namespace gradus::workloads {

struct ConditionedData {
  std::int64_t features = 20;
  double condition = 100;   // of X^T X: its eigenvalues are 1 to 1 / condition in equal ratios
  bool is_rotated = false;  // otherwise the eigenvectors are the axes
  friend bool operator==(const ConditionedData&, const ConditionedData&) = default;
};

// Three sets of so many rows with the second moments diag(1, .., 1 / condition) (or a rotation of it): of the training
// rows, whose columns also have the mean 0, exactly; of the others in expectation. `respond` makes the target of a row
// of those before their rotation and scaling, of independent standard numbers z, from its projection z^T w / |w| on a
// fixed random direction; targets are [1], or labels where there are classes.
using Respond = std::function<double(double projection, RandomStream& random)>;
lab::Dataset conditioned_data(const ConditionedData& shape, std::int64_t rows, std::int64_t classes,
                              const Respond& respond);

}  // namespace gradus::workloads
