// Rosenbrock's valley and its relatives in many dimensions.
#include <cmath>

#include "experiments/problems/definitions.h"

namespace gradus::problems {
namespace {

// -1.2, 1, -1.2, 1, ...
const auto alternating = start_each([](double i, double) { return std::fmod(i, 2) == 1 ? -1.2 : 1; });

Problem rosenbrock() {
  return {"rosenbrock",
          "sum over i < n of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2",
          "Rosenbrock (1960); chained in more than two dimensions, as De Jong (1975) and SciPy's rosen; for n >= 4 "
          "there is "
          "another minimum near (-1, 1, ..., 1)",
          {2, 2, any_dimension},
          alternating,
          minimum_everywhere(0, 1),
          always(least_squares([](const Var& x) {
            const std::int64_t n = x.shape().size();
            const Var head = range(x, 0, n - 1);
            return stack({10 * (range(x, 1, n - 1) - square(head)), 1 - head});
          }))};
}

Problem extended_rosenbrock() {
  return {"extended_rosenbrock",
          "sum over pairs of 100 (x[2i] - x[2i-1]^2)^2 + (1 - x[2i-1])^2",
          "More, Garbow & Hillstrom (1981), 21; Spedicato (1975)",
          {10, 2, any_dimension, 2},
          alternating,
          minimum_everywhere(0, 1),
          always(least_squares([](const Var& x) {
            return stack({10 * (odds(x) - square(evens(x))), 1 - evens(x)});
          }))};
}

Problem extended_powell() {
  const std::vector<double> start = {3, -1, 0, 1};
  return {"extended_powell",
          "sum over fours of the function powell_singular",
          "More, Garbow & Hillstrom (1981), 22; Spedicato (1975); the Hessian is singular at the minimum",
          {20, 4, any_dimension, 4},
          start_each([start](double i, double) { return start[static_cast<std::size_t>(std::fmod(i - 1, 4))]; }),
          minimum_everywhere(0, 0),
          always(least_squares([](const Var& x) {
            const Var x13 = evens(x), x24 = odds(x);
            const Var x1 = evens(x13), x3 = odds(x13), x2 = evens(x24), x4 = odds(x24);
            return stack(
                {x1 + 10 * x2, std::sqrt(5.0) * (x3 - x4), square(x2 - 2 * x3), std::sqrt(10.0) * square(x1 - x4)});
          }))};
}

Problem dixon_price() {
  return {"dixon_price",
          "(x[1] - 1)^2 + sum over i > 1 of i (2 x[i]^2 - x[i-1])^2",
          "Dixon & Price (1989); start (1, ..., 1); the minimum has x[i] = 2^(2^(1-i) - 1)",
          {2, 2, any_dimension},
          start_everywhere(1),
          [](std::int64_t n) {
            return Minimum{0, start_each([](double i, double) { return std::exp2(std::exp2(1 - i) - 1); })(n)};
          },
          [](const Request& request) {
            const Tensor roots =
                constants(request.dtype, request.dimension - 1, [](double i) { return std::sqrt(i + 1); });
            return least_squares([roots, n = request.dimension](const Var& x) {
              const Var valley = 2 * square(range(x, 1, n - 1)) - range(x, 0, n - 1);
              return stack({at(x, 0) - 1, on(x, roots) * valley});
            });
          }};
}

}  // namespace

std::vector<Problem> valley_problems() {
  return {rosenbrock(), extended_rosenbrock(), extended_powell(), dixon_price()};
}

}  // namespace gradus::problems
