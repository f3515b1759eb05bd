// Functions of two variables that are often drawn. Their starts are ours where the source gives a domain alone.
#include "experiments/problems/definitions.h"

namespace gradus::problems {
namespace {

Problem himmelblau() {
  return {"himmelblau",
          "(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
          "Himmelblau (1972); four minima of value 0; start (0, 0)",
          fixed(2),
          start_at({0, 0}),
          minimum_at(0, {3, 2}),
          always(least_squares([](const Var& z) {
            const Var x = at(z, 0), y = at(z, 1);
            return stack({square(x) + y - 11, x + square(y) - 7});
          }))};
}

Problem booth() {
  return {"booth",
          "(x + 2 y - 7)^2 + (2 x + y - 5)^2",
          "Jamil & Yang (2013); on [-10, 10]^2; start (-8, 8) is ours",
          fixed(2),
          start_at({-8, 8}),
          minimum_at(0, {1, 3}),
          always(least_squares([](const Var& z) {
            const Var x = at(z, 0), y = at(z, 1);
            return stack({x + 2 * y - 7, 2 * x + y - 5});
          }))};
}

Problem matyas() {
  return {"matyas",
          "0.26 (x^2 + y^2) - 0.48 x y",
          "Jamil & Yang (2013); on [-10, 10]^2; start (-8, 5) is ours",
          fixed(2),
          start_at({-8, 5}),
          minimum_at(0, {0, 0}),
          always(plain([](const Var& z) { return sum(0.26 * sum(square(z)) - 0.48 * product(z)); }))};
}

Problem three_hump_camel() {
  return {"three_hump_camel",
          "2 x^2 - 1.05 x^4 + x^6 / 6 + x y + y^2",
          "Jamil & Yang (2013); on [-5, 5]^2, with local minima near x = +-1.75; start (-4, 4) is ours",
          fixed(2),
          start_at({-4, 4}),
          minimum_at(0, {0, 0}),
          always(plain([](const Var& z) {
            const Var x = at(z, 0), y = at(z, 1), x2 = square(x), x4 = square(x2);
            return sum(2 * x2 - 1.05 * x4 + x2 * x4 / 6 + x * y + square(y));
          }))};
}

Problem saddle() {
  return {"saddle",
          "x^2 - y^2",
          "textbook; not bounded below: a method that leaves the ridge diverges",
          fixed(2),
          start_at({1, 1e-3}),
          minimum_at(-infinity),
          always(plain([](const Var& z) { return sum(square(at(z, 0)) - square(at(z, 1))); }))};
}

Problem bounded_saddle() {
  return {"bounded_saddle",
          "x^2 - y^2 + y^4 / 2",
          "ours: the saddle at 0 between minima at (0, +-1) of value -1/2",
          fixed(2),
          start_at({1, 1e-3}),
          minimum_at(-0.5, {0, 1}),
          always(plain([](const Var& z) {
            const Var y2 = square(at(z, 1));
            return sum(square(at(z, 0)) - y2 + square(y2) / 2);
          }))};
}

Problem monkey_saddle() {
  return {"monkey_saddle",
          "x^3 - 3 x y^2",
          "textbook; the Hessian vanishes at 0, and the function is not bounded below",
          fixed(2),
          start_at({1, 1e-3}),
          minimum_at(-infinity),
          always(plain([](const Var& z) {
            const Var x = at(z, 0), y = at(z, 1);
            return sum(cube(x) - 3 * x * square(y));
          }))};
}

}  // namespace

std::vector<Problem> plane_problems() {
  return {himmelblau(), booth(), matyas(), three_hump_camel(), saddle(), bounded_saddle(), monkey_saddle()};
}

}  // namespace gradus::problems
