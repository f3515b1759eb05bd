// Quadratics with a spectrum that one chooses, and their axes turned if one likes.
#include <fmt/format.h>

#include <cmath>

#include "experiments/problems/definitions.h"
#include "experiments/problems/rotation.h"

namespace gradus::problems {
namespace {

constexpr std::int64_t dense = 2000;  // the most where axes are turned: a matrix [n, n]

Problem sphere() {
  return {"sphere",
          "sum of x[i]^2",
          "textbook",
          {2, 1, any_dimension},
          start_everywhere(1),
          minimum_everywhere(0, 0),
          always(least_squares([](const Var& x) { return x; }))};
}

// Half of the eigenvalues' weighted sum of squares along the axes; the outputs are the coordinates along these.
Formula quadratic_formula(const Request& request) {
  if (request.rotate && request.dimension > dense)
    throw std::invalid_argument(
        fmt::format("quadratic: {} dimensions, expected at most {} where axes are turned", request.dimension, dense));
  const Tensor weights = constants(request.dtype, quadratic_spectrum(request));
  Tensor turn;
  if (request.rotate) turn = random_rotation(request.dimension, request.seed).converted(request.dtype);
  return {.record =
              [=](const Var& x) {
                const std::int64_t n = x.shape().size();
                const Var z = turn.defined() ? reshape(matmul(on(x, turn), reshape(x, {n, 1})), {n}) : scale(x, 1);
                return Terms{0.5 * sum(on(x, weights) * square(z)), z};
              },
          .has_outputs = true};
}

Problem quadratic() {
  return {"quadratic",
          "x^T A x / 2, A with eigenvalues that are given, or from 1 / condition to 1",
          "textbook; start (1, ..., 1)",
          {10, 1, any_dimension},
          start_everywhere(1),
          minimum_everywhere(0, 0),
          quadratic_formula,
          {Uses::condition, Uses::eigenvalues, Uses::rotate, Uses::seed},
          [](const Request& request) { return static_cast<std::int64_t>(request.eigenvalues.size()); }};
}

}  // namespace

std::vector<Problem> quadratic_problems() { return {sphere(), quadratic()}; }

}  // namespace gradus::problems
