// A function to minimise from a start.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "optim/objective.h"

namespace gradus::optim {

using Vector = std::vector<double>;
// Returns the value at theta and writes the gradient, which has theta's length.
using Function = std::function<double(const Vector& theta, Vector& gradient)>;

// In plain loops, and as an objective for the library.
struct Problem {
  std::string name;
  Vector start;
  Function function;
  std::function<std::unique_ptr<Objective>(DType)> objective;
  std::vector<Slice> slices;
};

}  // namespace gradus::optim
