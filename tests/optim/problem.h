// A function to minimise from a start.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "optim/objective.h"
#include "tests/support/plain_functions.h"

namespace gradus::optim {

// In plain loops, and as an objective for the library.
struct Problem {
  std::string name;
  Vector start;
  Function function;
  std::function<std::unique_ptr<Objective>(DType)> objective;
  std::vector<ParameterSlice> slices;
};

}  // namespace gradus::optim
