// A method on a problem to its end, with a witness of every number that the method was given.
#pragma once

#include <string>
#include <vector>

#include "experiments/problems/problem.h"
#include "optim/recipe.h"

namespace gradus::problems {

struct End {
  bool diverged = false, step_limit = false;
  optim::Reason reason = optim::Reason::stepped;  // of the last step
  // Whether the method, or whoever looked at its points, was given a number that is not finite.
  bool met_not_finite = false;
  double value = 0, lowest = 0, start = 0;  // at the end; the lowest one at a point on the way; at the start
  std::int64_t steps = 0;
};

// The settings with which every method that can works on functions: those that estimate something from examples by
// default are given what a function offers instead.
optim::NamedValues settings_for_functions(const std::string& method);

// As build/bin/minimize does it: until the gradient is 0, the method says that nothing more will come, a number is not
// finite, or the steps are taken. Throws std::invalid_argument where the problem does not offer what the method needs.
End run_to_end(const Problem& problem, const optim::Recipe& recipe, std::int64_t steps);

// What does not hold of an end, in words; empty if all is well. `value_is_held` tells whether the end must be at the
// published minimum or at one of those that hold_values() names.
std::vector<std::string> faults_of(const Problem& problem, const optim::Recipe& recipe, const End& end,
                                   bool value_is_held);

}  // namespace gradus::problems
