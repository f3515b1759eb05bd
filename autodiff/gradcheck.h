// Checks derivative rules against finite differences in float64.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "autodiff/tape.h"

namespace gradus {

// Builds a result of any shape from leaves on a float64 tape.
using FunctionOfLeaves = std::function<Var(Tape&, const std::vector<Var>&)>;

struct GradcheckOptions {
  int directions = 3;       // random directions tried
  double step = 1e-5;       // of the central difference, relative to inputs of size 1
  double tolerance = 1e-7;  // |analytic - numeric| <= tolerance (1 + |numeric|)
  std::uint64_t seed = 1;
};

// Compares, along random directions and for a random linear functional of the result, first the directional derivative
// and then the second one (the derivative of the recorded gradient) with central differences. Also demands that the
// eager and the recording sweep agree to the last bit's neighbourhood. Returns an empty string, or a line that names
// the operation, the shapes, the direction, and the analytic and numeric values.
std::string gradcheck(const std::string& operation, const FunctionOfLeaves& function, const std::vector<Tensor>& inputs,
                      const GradcheckOptions& options = {});

}  // namespace gradus
