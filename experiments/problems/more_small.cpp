// Functions of two to four variables of More, Garbow & Hillstrom (1981), "Testing unconstrained optimization software",
// ACM TOMS 7(1), with their starts and minima; sums of squares throughout. Functions that fit data are in
// more_fits.cpp.
#include <cmath>

#include "experiments/problems/definitions.h"
#include "experiments/problems/trigonometry.h"

namespace gradus::problems {
namespace {

Problem freudenstein_roth() {
  return {
      "freudenstein_roth",
      "(x - 13 + ((5 - y) y - 2) y)^2 + (x - 29 + ((y + 1) y - 14) y)^2",
      "More, Garbow & Hillstrom (1981), 2; a local minimum 48.9842 at (11.41..., -0.8968...) is what most methods find",
      fixed(2),
      start_at({0.5, -2}),
      minimum_at(0, {5, 4}),
      always(least_squares([](const Var& z) {
        const Var x = at(z, 0), y = at(z, 1);
        return stack({x - 13 + ((5 - y) * y - 2) * y, x - 29 + ((y + 1) * y - 14) * y});
      }))};
}

Problem powell_badly_scaled() {
  return {"powell_badly_scaled",
          "(10^4 x y - 1)^2 + (exp(-x) + exp(-y) - 1.0001)^2",
          "More, Garbow & Hillstrom (1981), 3",
          fixed(2),
          start_at({0, 1}),
          minimum_at(0, {1.0981593296997149e-05, 9.106146739867327}),
          always(least_squares([](const Var& z) {
            const Var x = at(z, 0), y = at(z, 1);
            return stack({1e4 * x * y - 1, exp(-x) + exp(-y) - 1.0001});
          }))};
}

Problem brown_badly_scaled() {
  return {"brown_badly_scaled",
          "(x - 10^6)^2 + (y - 2 10^-6)^2 + (x y - 2)^2",
          "More, Garbow & Hillstrom (1981), 4",
          fixed(2),
          start_at({1, 1}),
          minimum_at(0, {1e6, 2e-6}),
          always(least_squares([](const Var& z) {
            const Var x = at(z, 0), y = at(z, 1);
            return stack({x - 1e6, y - 2e-6, x * y - 2});
          }))};
}

Problem beale() {
  return {"beale",
          "sum over i = 1, 2, 3 of (y[i] - a (1 - b^i))^2, y = 1.5, 2.25, 2.625",
          "Beale (1958); More, Garbow & Hillstrom (1981), 5",
          fixed(2),
          start_at({1, 1}),
          minimum_at(0, {3, 0.5}),
          always(least_squares([](const Var& z) {
            const Var a = at(z, 0), b = at(z, 1);
            return stack({1.5 - a * (1 - b), 2.25 - a * (1 - square(b)), 2.625 - a * (1 - cube(b))});
          }))};
}

Problem jennrich_sampson() {
  return {"jennrich_sampson",
          "sum over i = 1, ..., 10 of (2 + 2 i - exp(i x) - exp(i y))^2",
          "More, Garbow & Hillstrom (1981), 6",
          fixed(2),
          start_at({0.3, 0.4}),
          minimum_at(124.36218235561473, {0.25782521321500883, 0.25782521321500883}),
          [](const Request& request) {
            const Tensor i = constants(request.dtype, 10, [](double k) { return k; });
            return least_squares([i](const Var& z) {
              const Var k = on(z, i);
              return 2 * k + 2 - exp(k * at(z, 0)) - exp(k * at(z, 1));
            });
          }};
}

Problem helical_valley() {
  return {"helical_valley",
          "100 (z - 10 angle(x, y) / (2 pi))^2 + 100 (sqrt(x^2 + y^2) - 1)^2 + z^2",
          "Fletcher & Powell (1963); More, Garbow & Hillstrom (1981), 7",
          fixed(3),
          start_at({-1, 0, 0}),
          minimum_at(0, {1, 0, 0}),
          always(least_squares([](const Var& v) {
            const Var x = at(v, 0), y = at(v, 1), z = at(v, 2);
            return stack({10 * (z - 10 * turns(x, y)), 10 * (sqrt(square(x) + square(y)) - 1), z});
          }))};
}

Problem box_3d() {
  return {"box_3d",
          "sum over t = 0.1, ..., 1 of (exp(-t x) - exp(-t y) - z (exp(-t) - exp(-10 t)))^2",
          "Box (1966); More, Garbow & Hillstrom (1981), 12; also 0 at (10, 1, -1) and wherever x = y, z = 0",
          fixed(3),
          start_at({0, 10, 20}),
          minimum_at(0, {1, 10, 1}),
          [](const Request& request) {
            const Tensor minus_t = constants(request.dtype, 10, [](double i) { return -i / 10; });
            const Tensor c = constants(request.dtype, 10, [](double i) { return std::exp(-i / 10) - std::exp(-i); });
            return least_squares([=](const Var& v) {
              const Var s = on(v, minus_t);
              return exp(s * at(v, 0)) - exp(s * at(v, 1)) - at(v, 2) * on(v, c);
            });
          }};
}

Problem powell_singular() {
  return {"powell_singular",
          "(a + 10 b)^2 + 5 (c - d)^2 + (b - 2 c)^4 + 10 (a - d)^4",
          "Powell (1962); More, Garbow & Hillstrom (1981), 13; the Hessian is singular at the minimum",
          fixed(4),
          start_at({3, -1, 0, 1}),
          minimum_at(0, {0, 0, 0, 0}),
          always(least_squares([](const Var& x) {
            const Var a = at(x, 0), b = at(x, 1), c = at(x, 2), d = at(x, 3);
            return stack({a + 10 * b, std::sqrt(5.0) * (c - d), square(b - 2 * c), std::sqrt(10.0) * square(a - d)});
          }))};
}

Problem wood() {
  return {"wood",
          "100 (b - a^2)^2 + (1 - a)^2 + 90 (d - c^2)^2 + (1 - c)^2 + 10 (b + d - 2)^2 + (b - d)^2 / 10",
          "Colville (1968); More, Garbow & Hillstrom (1981), 14",
          fixed(4),
          start_at({-3, -1, -3, -1}),
          minimum_at(0, {1, 1, 1, 1}),
          always(least_squares([](const Var& x) {
            const Var a = at(x, 0), b = at(x, 1), c = at(x, 2), d = at(x, 3);
            return stack({10 * (b - square(a)), 1 - a, std::sqrt(90.0) * (d - square(c)), 1 - c,
                          std::sqrt(10.0) * (b + d - 2), (b - d) / std::sqrt(10.0)});
          }))};
}

Problem brown_dennis() {
  return {
      "brown_dennis",
      "sum over t = 0.2, ..., 4 of ((a + t b - exp(t))^2 + (c + d sin(t) - cos(t))^2)^2",
      "Brown & Dennis (1971); More, Garbow & Hillstrom (1981), 16",
      fixed(4),
      start_at({25, 5, -5, -1}),
      minimum_at(85822.2),
      [](const Request& request) {
        const auto of_t = [&](double (*f)(double)) {
          return constants(request.dtype, 20, [f](double i) { return f(i / 5); });
        };
        const Tensor t = of_t([](double x) { return x; }), e = of_t(std::exp), s = of_t(std::sin), c = of_t(std::cos);
        return least_squares([=](const Var& x) {
          return square(at(x, 0) + on(x, t) * at(x, 1) - on(x, e)) + square(at(x, 2) + at(x, 3) * on(x, s) - on(x, c));
        });
      }};
}

}  // namespace

std::vector<Problem> more_small_problems() {
  return {freudenstein_roth(),
          powell_badly_scaled(),
          brown_badly_scaled(),
          beale(),
          jennrich_sampson(),
          helical_valley(),
          box_3d(),
          powell_singular(),
          wood(),
          brown_dennis()};
}

}  // namespace gradus::problems
