// What the gradient check runs over: each file of operations adds its cases to one table.
#pragma once

#include <string>
#include <vector>

#include "autodiff/gradcheck.h"

namespace gradus {

using Leaves = std::vector<Var>;

// One use of an operation, on inputs of these shapes with values uniform in [low, high).
struct Case {
  std::string operation;
  std::vector<Shape> shapes;
  FunctionOfLeaves function;
  double low = -2, high = 2;
};

// The table. A file adds to it by `static const bool added = add_cases({...});`.
inline std::vector<Case>& operation_cases() {
  static std::vector<Case> cases;
  return cases;
}
inline bool add_cases(const std::vector<Case>& cases) {
  operation_cases().insert(operation_cases().end(), cases.begin(), cases.end());
  return true;
}

}  // namespace gradus
