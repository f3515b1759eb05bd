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
  double value = 0, start = 0;  // at the end; at the start
  bool rose = false;            // some point lies above an earlier one, by more than the rounding of the value
  double gradient_norm = 0;     // at the end
  std::int64_t steps = 0;
};

// The settings with which every method that can works on functions: those that estimate something from examples by
// default are given what a function offers instead.
optim::NamedValues settings_for_functions(const std::string& method);

// As build/bin/minimize does it: until the gradient is 0, the method says that nothing more will come, a number is not
// finite, or the steps are taken. Throws std::invalid_argument where the problem does not offer what the method needs.
End run_to_end(const Problem& problem, const optim::Recipe& recipe, std::int64_t steps, DType type = DType::float64);

// What does not hold of an end, in words; empty if all is well:
//   a run is diverged if and only if a number ended it that is not finite, and only if such a number was met;
//   a method that promises descent comes to no point above one that it has been at, up to the rounding of the value,
//   and ends for a reason of its own at a minimum: the published one, or one that the tables in ends.cpp name, with
//   why; no end lies below a published minimum.
std::vector<std::string> faults_of(const Problem& problem, const optim::Method& method, const End& end);

// Whether the method refuses the problem, which lacks what it needs; why, or empty.
std::string refusal_of(const Problem& problem, const optim::Method& method);

// How many steps a pair is given: `steps` for methods that promise descent, a share of it for others, whose ends say
// less, and for noisy problems, which have no end.
std::int64_t steps_for(const Problem& problem, const optim::Method& method, std::int64_t steps);

}  // namespace gradus::problems
