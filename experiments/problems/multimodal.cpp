// Functions with many minima, in any dimension. The starts are ours: the sources give a domain, from which one draws
// (minimize --start=random --seed=N does).
#include <cmath>
#include <numbers>

#include "experiments/problems/definitions.h"
#include "experiments/problems/trigonometry.h"

namespace gradus::problems {
namespace {

constexpr double pi = std::numbers::pi;

Problem rastrigin() {
  return {"rastrigin",
          "10 n + sum of x[i]^2 - 10 cos(2 pi x[i])",
          "Rastrigin (1974); Muehlenbein, Schomisch & Born (1991); on [-5.12, 5.12]^n",
          {2, 1, any_dimension},
          start_each([](double i, double) { return std::fmod(i, 2) == 1 ? -4.2 : 3.3; }),
          minimum_everywhere(0, 0),
          always(plain([](const Var& x) { return sum(square(x) - 10 * cos(2 * pi * x) + 10); }))};
}

// At 0 itself the root of the mean square has no derivative; there the function takes 0 for it, as the tape's l2_norm
// does.
Problem ackley() {
  return {"ackley",
          "-20 exp(-0.2 sqrt(mean of x[i]^2)) - exp(mean of cos(2 pi x[i])) + 20 + e",
          "Ackley (1987), on [-32.768, 32.768]^n; not differentiable at the minimum",
          {2, 1, any_dimension},
          start_each([](double i, double) { return std::fmod(i, 2) == 1 ? -2.3 : 1.6; }),
          minimum_everywhere(0, 0),
          always(plain([](const Var& x) {
            const double root_n = std::sqrt(static_cast<double>(x.shape().size()));
            return -20 * exp(-0.2 / root_n * l2_norm(x)) - exp(mean(cos(2 * pi * x))) + (20 + std::numbers::e);
          }))};
}

Problem styblinski_tang() {
  constexpr double minimiser = -2.9035340277711772, value = -39.166165703771419;  // of one dimension
  return {"styblinski_tang",
          "sum of (x[i]^4 - 16 x[i]^2 + 5 x[i]) / 2",
          "Styblinski & Tang (1990), on [-5, 5]^n",
          {2, 1, any_dimension},
          start_everywhere(0),
          [=](std::int64_t n) {
            return Minimum{value * static_cast<double>(n), std::vector<double>(static_cast<std::size_t>(n), minimiser)};
          },
          always(plain([](const Var& x) {
            const Var x2 = square(x);
            return 0.5 * sum(square(x2) - 16 * x2 + 5 * x);
          }))};
}

Problem griewank() {
  return {"griewank",
          "1 + sum of x[i]^2 / 4000 - product of cos(x[i] / sqrt(i))",
          "Griewank (1981), on [-600, 600]^n",
          {2, 1, any_dimension},
          start_each([](double i, double) { return std::fmod(i, 2) == 1 ? -20.0 : 13.0; }),
          minimum_everywhere(0, 0),
          [](const Request& request) {
            const Tensor scales =
                constants(request.dtype, request.dimension, [](double i) { return 1 / std::sqrt(i); });
            return plain(
                [scales](const Var& x) { return sum(sum(square(x)) / 4000.0 - product(cos(x * on(x, scales))) + 1); });
          }};
}

Problem levy() {
  return {"levy",
          "sin^2(pi w[1]) + sum over i < n of (w[i] - 1)^2 (1 + 10 sin^2(pi w[i] + 1)) + (w[n] - 1)^2 (1 + sin^2(2 pi "
          "w[n])), "
          "w = 1 + (x - 1) / 4",
          "Levy & Montalvo (1985); Laguna & Marti (2005); on [-10, 10]^n",
          {2, 2, any_dimension},
          start_each([](double i, double) { return std::fmod(i, 2) == 1 ? -6.0 : 5.5; }),
          minimum_everywhere(0, 1),
          always(least_squares([](const Var& x) {
            const std::int64_t n = x.shape().size();
            const Var w = 0.25 * x + 0.75, head = range(w, 0, n - 1), last = at(w, n - 1);
            // a^2 (1 + b^2) is the sum of the squares of a and a b.
            return stack({sin(pi * at(w, 0)), head - 1, std::sqrt(10.0) * (head - 1) * sin(pi * head + 1), last - 1,
                          (last - 1) * sin(2 * pi * last)});
          }))};
}

}  // namespace

std::vector<Problem> multimodal_problems() { return {rastrigin(), ackley(), styblinski_tang(), griewank(), levy()}; }

}  // namespace gradus::problems
