// What schedules are made of.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

#include "optim/description.h"

namespace gradus::optim::shapes {

// From 0 at x = 0 to 1 at x = 1 along half a cosine: (1 - cos(pi x)) / 2, without cancellation near 0. Whoever falls
// asks with what is left, so that the small values at the end are accurate.
inline double half_cosine(double x) {
  const double root = std::sin(std::numbers::pi / 2 * x);
  return root * root;
}
inline double as_double(std::int64_t t) { return static_cast<double>(t); }
// base f, where an f that has grown beyond all numbers leaves 0 what it is.
inline double times(double base, double f) { return base == 0 ? base : base * f; }
// From base end_factor at x = 0 to base at x = 1, both exactly.
inline double toward(double x, double base, double end_factor) { return times(base, std::lerp(end_factor, 1.0, x)); }
// The part that is left of a stretch of steps: 1 at its begin, 0 at its end and later.
inline double left_of(double stretch, double since_its_begin) {
  return since_its_begin >= stretch ? 0.0 : (stretch - since_its_begin) / stretch;
}

inline constexpr const char* end_help = "value at the end, in terms of that at the beginning";

}  // namespace gradus::optim::shapes
