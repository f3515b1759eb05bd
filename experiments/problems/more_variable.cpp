// The functions of More, Garbow & Hillstrom (1981) whose dimension one chooses; sums of squares, with their starts and
// minima.
#include <cmath>

#include "experiments/problems/definitions.h"
#include "experiments/problems/trigonometry.h"

namespace gradus::problems {
namespace {

constexpr std::int64_t dense = 2000;  // the most where a dense matrix of constants [n, n] is needed

// A matrix of constants, f(i, j) for i = 1, ..., rows and j = 1, ..., columns.
Tensor matrix(DType type, std::int64_t rows, std::int64_t columns, const std::function<double(double i, double j)>& f) {
  std::vector<double> values;
  for (std::int64_t i = 1; i <= rows; ++i)
    for (std::int64_t j = 1; j <= columns; ++j) values.push_back(f(static_cast<double>(i), static_cast<double>(j)));
  return Tensor::of({rows, columns}, values, type);
}
// A x for a matrix of constants [m, n] and a vector [n].
Var times(const Tensor& a, const Var& x) {
  return reshape(matmul(on(x, a), reshape(x, {x.shape().size(), 1})), {a.shape()[0]});
}
// 1, ..., n.
Tensor counting(const Request& request) {
  return constants(request.dtype, request.dimension, [](double i) { return i; });
}

Problem watson() {
  return {
      "watson",
      "x[1]^2 + (x[2] - x[1]^2 - 1)^2 + sum over t = 1/29, ..., 1 of (p'(t) - p(t)^2 - 1)^2, p(t) = sum of x[j] "
      "t^(j-1)",
      "Kowalik & Osborne (1968); More, Garbow & Hillstrom (1981), 20",
      {6, 2, 31},
      start_everywhere(0),
      minimum_by_dimension({{6, 2.28767e-3}, {9, 1.39976e-6}, {12, 4.72238e-10}}),
      [](const Request& request) {
        const std::int64_t n = request.dimension;
        const Tensor powers = matrix(request.dtype, 29, n, [](double i, double j) { return std::pow(i / 29, j - 1); });
        const Tensor slopes = matrix(request.dtype, 29, n,
                                     [](double i, double j) { return j == 1 ? 0 : (j - 1) * std::pow(i / 29, j - 2); });
        return least_squares([=](const Var& x) {
          return stack({times(slopes, x) - square(times(powers, x)) - 1, at(x, 0), at(x, 1) - square(at(x, 0)) - 1});
        });
      }};
}

Problem penalty_1() {
  return {"penalty_1",
          "1e-5 sum of (x[i] - 1)^2 + (sum of x[i]^2 - 1/4)^2",
          "Gill, Murray & Pitfield (1972); More, Garbow & Hillstrom (1981), 23",
          {4, 1, any_dimension},
          start_each([](double i, double) { return i; }),
          minimum_by_dimension({{4, 2.24997e-5}, {10, 7.08765e-5}}),
          always(least_squares([](const Var& x) {
            return stack({std::sqrt(1e-5) * (x - 1), reshape(sum(square(x)) - 0.25, {1})});
          }))};
}

Problem penalty_2() {
  return {"penalty_2",
          "(x[1] - 0.2)^2 + 1e-5 sum of exponential misfits + (sum of (n - j + 1) x[j]^2 - 1)^2",
          "Gill, Murray & Pitfield (1972); More, Garbow & Hillstrom (1981), 24",
          {4, 2, any_dimension},
          start_everywhere(0.5),
          minimum_by_dimension({{4, 9.37629e-6}, {10, 2.93660e-4}}),
          [](const Request& request) {
            const std::int64_t n = request.dimension;
            const Tensor y = constants(request.dtype, n - 1, [](double i) {  // for i = 2, ..., n
              return std::exp((i + 1) / 10) + std::exp(i / 10);
            });
            const Tensor weights =
                constants(request.dtype, n, [n](double j) { return static_cast<double>(n) - j + 1; });
            return least_squares([=](const Var& x) {
              const Var e = exp(0.1 * x), tail = range(e, 1, n - 1);
              const double root = std::sqrt(1e-5);
              return stack({at(x, 0) - 0.2, root * (tail + range(e, 0, n - 1) - on(x, y)),
                            root * (tail - std::exp(-0.1)), reshape(sum(on(x, weights) * square(x)) - 1, {1})});
            });
          }};
}

Problem variably_dimensioned() {
  return {"variably_dimensioned",
          "sum of (x[i] - 1)^2 + s^2 + s^4, s = sum of i (x[i] - 1)",
          "More, Garbow & Hillstrom (1981), 25",
          {10, 1, any_dimension},
          start_each([](double i, double n) { return 1 - i / n; }),
          minimum_everywhere(0, 1),
          [](const Request& request) {
            return least_squares([i = counting(request)](const Var& x) {
              const Var s = reshape(sum(on(x, i) * (x - 1)), {1});
              return stack({x - 1, s, square(s)});
            });
          }};
}

Problem trigonometric() {
  return {"trigonometric",
          "sum over i of (n - sum of cos x[j] + i (1 - cos x[i]) - sin x[i])^2",
          "Spedicato (1975); More, Garbow & Hillstrom (1981), 26; has minima above 0 too",
          {10, 1, any_dimension},
          start_each([](double, double n) { return 1 / n; }),
          minimum_everywhere(0, 0),
          [](const Request& request) {
            return least_squares([i = counting(request)](const Var& x) {
              const Var c = 1 - cos(x);
              return sum(c) + on(x, i) * c - sin(x);
            });
          }};
}

Problem brown_almost_linear() {
  return {"brown_almost_linear",
          "sum over i < n of (x[i] + sum of x[j] - n - 1)^2 + (product of x[j] - 1)^2",
          "Brown (1969); More, Garbow & Hillstrom (1981), 27; also 1 at (0, ..., 0, n + 1)",
          {10, 2, any_dimension},
          start_everywhere(0.5),
          minimum_everywhere(0, 1),
          always(least_squares([](const Var& x) {
            const std::int64_t n = x.shape().size();
            return stack({range(x, 0, n - 1) + sum(x) - static_cast<double>(n + 1), product(x) - 1});
          }))};
}

Problem discrete_boundary_value() {
  return {"discrete_boundary_value",
          "sum of (2 x[i] - x[i-1] - x[i+1] + h^2 (x[i] + t[i] + 1)^3 / 2)^2, t = i h, h = 1 / (n + 1)",
          "More & Cosnard (1979); More, Garbow & Hillstrom (1981), 28",
          {10, 1, any_dimension},
          start_each([](double i, double n) { return i / (n + 1) * (i / (n + 1) - 1); }),
          minimum_at(0),
          [](const Request& request) {
            const double h = 1 / static_cast<double>(request.dimension + 1);
            const Tensor t1 = constants(request.dtype, request.dimension, [h](double i) { return i * h + 1; });
            return least_squares([=](const Var& x) {
              const std::int64_t n = x.shape().size();
              const Var linear = 2 * x - range(pad(x, 0, 1, n + 2), 0, n) - range(pad(x, 0, 1, n + 2), 2, n);
              return linear + h * h / 2 * cube(x + on(x, t1));
            });
          }};
}

Problem discrete_integral_equation() {
  return {"discrete_integral_equation",
          "sum of (x[i] + h / 2 sum over j of K(t[i], t[j]) (x[j] + t[j] + 1)^3)^2",
          "More & Cosnard (1979); More, Garbow & Hillstrom (1981), 29",
          {10, 1, dense},
          start_each([](double i, double n) { return i / (n + 1) * (i / (n + 1) - 1); }),
          minimum_at(0),
          [](const Request& request) {
            const double h = 1 / static_cast<double>(request.dimension + 1);
            const Tensor t1 = constants(request.dtype, request.dimension, [h](double i) { return i * h + 1; });
            const Tensor kernel = matrix(request.dtype, request.dimension, request.dimension, [h](double i, double j) {
              return h / 2 * (j <= i ? (1 - i * h) * j * h : i * h * (1 - j * h));
            });
            return least_squares([=](const Var& x) { return x + times(kernel, cube(x + on(x, t1))); });
          }};
}

Problem broyden_tridiagonal() {
  return {"broyden_tridiagonal",
          "sum of ((3 - 2 x[i]) x[i] - x[i-1] - 2 x[i+1] + 1)^2",
          "Broyden (1965); More, Garbow & Hillstrom (1981), 30",
          {10, 1, any_dimension},
          start_everywhere(-1),
          minimum_at(0),
          always(least_squares([](const Var& x) {
            const std::int64_t n = x.shape().size();
            const Var wide = pad(x, 0, 1, n + 2);
            return (3 - 2 * x) * x - range(wide, 0, n) - 2 * range(wide, 2, n) + 1;
          }))};
}

Problem broyden_banded() {
  return {"broyden_banded",
          "sum of (x[i] (2 + 5 x[i]^2) + 1 - sum over j near i of x[j] (1 + x[j]))^2, i - 5 <= j <= i + 1, j != i",
          "Broyden (1971); More, Garbow & Hillstrom (1981), 31",
          {10, 1, any_dimension},
          start_everywhere(-1),
          minimum_at(0),
          always(least_squares([](const Var& x) {
            const std::int64_t n = x.shape().size();
            const Var wide = pad(x * (x + 1), 0, 5, n + 6);
            Var band = range(wide, 6, n);
            for (std::int64_t shift = 0; shift < 5; ++shift) band = band + range(wide, shift, n);
            return x * (5 * square(x) + 2) + 1 - band;
          }))};
}

Problem chebyquad() {
  return {
      "chebyquad",
      "sum over i of (mean over j of T[i](x[j]) - integral of T[i])^2, T the shifted Chebyshev polynomials on [0, 1]",
      "Fletcher (1965); More, Garbow & Hillstrom (1981), 35, with m = n",
      {8, 1, 60},
      start_each([](double i, double n) { return i / (n + 1); }),
      minimum_by_dimension(
          {{1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 0}, {6, 0}, {7, 0}, {8, 3.51687e-3}, {9, 0}, {10, 6.50395e-3}}),
      [](const Request& request) {
        const Tensor integrals = constants(request.dtype, request.dimension,
                                           [](double i) { return std::fmod(i, 2) == 1 ? 0 : -1 / (i * i - 1); });
        return least_squares([=](const Var& x) {
          const std::int64_t n = x.shape().size();
          const Var y = 2 * x - 1;
          Var before = 0 * x + 1, now = y, means[60];
          for (std::int64_t i = 0; i < n; ++i) {
            means[i] = reshape(mean(now), {1});
            const Var next = 2 * y * now - before;
            before = now;
            now = next;
          }
          return concatenate(std::span(means, static_cast<std::size_t>(n)), 0) - on(x, integrals);
        });
      }};
}

}  // namespace

std::vector<Problem> more_variable_problems() {
  return {watson(),
          penalty_1(),
          penalty_2(),
          variably_dimensioned(),
          trigonometric(),
          brown_almost_linear(),
          discrete_boundary_value(),
          discrete_integral_equation(),
          broyden_tridiagonal(),
          broyden_banded(),
          chebyquad()};
}

}  // namespace gradus::problems
