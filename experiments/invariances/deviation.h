// Whether a method cares how a problem is written down: the same problem with its loss scaled, or in other coordinates,
// and how far the path through it is from the one that was.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "optim/recipe.h"

namespace gradus {

// Another way to write down a problem of one matrix W [4, 4].
struct Rewriting {
  std::string name;  // of a column
  std::string what;  // in words
};
// The loss times a factor; W turned as one vector; W turned from the left and from the right; each element in units of
// its own; the elements in another order.
std::span<const Rewriting> rewritings();

// Below this a deviation is of rounding, divided by something small, or of constants as small.
inline constexpr double rounding_deviation = 1e-4;

// Takes so many steps through a smooth least-squares problem drawn by the seed, as it is and rewritten. Returns after
// each step how far the second path has been from the first one in the new coordinates, over how far that has been from
// its start: whoever converges on another way to the same minimum has departed too. All in float64. Throws
// std::invalid_argument for a method that asks for what this problem does not know: draws of labels, examples'
// gradients, layers.
std::vector<double> deviations(const optim::Recipe& recipe, const Rewriting& rewriting, std::uint64_t seed,
                               std::int64_t steps);

// To which of the rewritings a method is blind: over ten steps of each of three problems, with its defaults, or with an
// epsilon of 1e-11 or 1e-16: what it adds to a gradient's size has units, and is to be small, but for soap not as small
// as rounding, which it would divide by itself; or with a tolerance of 1e-10, an exact solution. Nothing for a method
// that asks for more than these problems know.
std::optional<std::vector<bool>> invariances_of(const optim::Method& method);

}  // namespace gradus
