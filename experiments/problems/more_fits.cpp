// Fits of a model to data from More, Garbow & Hillstrom (1981): sums of squares of model minus data, with the data,
// starts and minima printed there.
#include <algorithm>
#include <cmath>

#include "experiments/problems/definitions.h"

namespace gradus::problems {
namespace {

Problem bard() {
  return {"bard",
          "sum of (y[i] - a - u / (b v + c w))^2, u = i, v = 16 - i, w = min(u, v)",
          "Bard (1970); More, Garbow & Hillstrom (1981), 8",
          fixed(3),
          start_at({1, 1, 1}),
          minimum_at(8.21487e-3),
          [](const Request& request) {
            const Tensor y = constants(request.dtype, {0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73,
                                                       0.96, 1.34, 2.10, 4.39});
            const Tensor u = constants(request.dtype, 15, [](double i) { return i; });
            const Tensor v = constants(request.dtype, 15, [](double i) { return 16 - i; });
            const Tensor w = constants(request.dtype, 15, [](double i) { return std::min(i, 16 - i); });
            return least_squares([=](const Var& x) {
              return on(x, y) - at(x, 0) - on(x, u) / (at(x, 1) * on(x, v) + at(x, 2) * on(x, w));
            });
          }};
}

Problem gaussian() {
  return {"gaussian",
          "sum over t = 3.5, 3, ..., -3.5 of (a exp(-b (t - c)^2 / 2) - y[i])^2",
          "More, Garbow & Hillstrom (1981), 9",
          fixed(3),
          start_at({0.4, 1, 0}),
          minimum_at(1.12793e-8),
          [](const Request& request) {
            const Tensor y = constants(request.dtype, {0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989,
                                                       0.3521, 0.2420, 0.1295, 0.0540, 0.0175, 0.0044, 0.0009});
            const Tensor t = constants(request.dtype, 15, [](double i) { return (8 - i) / 2; });
            return least_squares(
                [=](const Var& x) { return at(x, 0) * exp(-0.5 * at(x, 1) * square(on(x, t) - at(x, 2))) - on(x, y); });
          }};
}

Problem meyer() {
  return {
      "meyer",
      "sum over t = 50, 55, ..., 125 of (a exp(b / (t + c)) - y[i])^2",
      "Meyer (1970); More, Garbow & Hillstrom (1981), 10",
      fixed(3),
      start_at({0.02, 4000, 250}),
      minimum_at(87.9458),
      [](const Request& request) {
        const Tensor y = constants(request.dtype, {34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030,
                                                   6005, 5147, 4427, 3820, 3307, 2872});
        const Tensor t = constants(request.dtype, 16, [](double i) { return 45 + 5 * i; });
        return least_squares([=](const Var& x) { return at(x, 0) * exp(at(x, 1) / (on(x, t) + at(x, 2))) - on(x, y); });
      }};
}

// Printed there with "|y[i] m i x2|", a slip; this is the function of the program and of Cox (1969).
Problem gulf() {
  return {"gulf",
          "sum over t = 0.01, ..., 0.99 of (exp(-|y - b|^c / a) - t)^2, y = 25 + (-50 ln t)^(2/3)",
          "More, Garbow & Hillstrom (1981), 11, with m = 99",
          fixed(3),
          start_at({5, 2.5, 0.15}),
          minimum_at(0, {50, 25, 1.5}),
          [](const Request& request) {
            const Tensor t = constants(request.dtype, 99, [](double i) { return i / 100; });
            const Tensor y =
                constants(request.dtype, 99, [](double i) { return 25 + std::pow(-50 * std::log(i / 100), 2.0 / 3); });
            return least_squares([=](const Var& x) {
              const Var distance = abs(on(x, y) - at(x, 1));
              return exp(-(power(distance, at(x, 2)) / at(x, 0))) - on(x, t);
            });
          }};
}

Problem kowalik_osborne() {
  return {"kowalik_osborne",
          "sum of (y[i] - a (u^2 + u b) / (u^2 + u c + d))^2",
          "Kowalik & Osborne (1968); More, Garbow & Hillstrom (1981), 15",
          fixed(4),
          start_at({0.25, 0.39, 0.415, 0.39}),
          minimum_at(3.07505e-4),
          [](const Request& request) {
            const Tensor y = constants(request.dtype, {0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342,
                                                       0.0323, 0.0235, 0.0246});
            const Tensor u = constants(request.dtype, {4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625});
            return least_squares([=](const Var& x) {
              const Var v = on(x, u), v2 = square(v);
              return on(x, y) - at(x, 0) * (v2 + v * at(x, 1)) / (v2 + v * at(x, 2) + at(x, 3));
            });
          }};
}

Problem osborne_1() {
  return {"osborne_1",
          "sum over t = 0, 10, ..., 320 of (y[i] - a - b exp(-t d) - c exp(-t e))^2",
          "Osborne (1972); More, Garbow & Hillstrom (1981), 17",
          fixed(5),
          start_at({0.5, 1.5, -1, 0.01, 0.02}),
          minimum_at(5.46489e-5),
          [](const Request& request) {
            const Tensor y =
                constants(request.dtype, {0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751,
                                          0.718, 0.685, 0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490,
                                          0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406});
            const Tensor minus_t = constants(request.dtype, 33, [](double i) { return -10 * (i - 1); });
            return least_squares([=](const Var& x) {
              const Var s = on(x, minus_t);
              return on(x, y) - at(x, 0) - at(x, 1) * exp(s * at(x, 3)) - at(x, 2) * exp(s * at(x, 4));
            });
          }};
}

Problem biggs_exp6() {
  return {"biggs_exp6",
          "sum over t = 0.1, ..., 1.3 of (c exp(-t a) - d exp(-t b) + f exp(-t e) - y)^2, y = exp(-t) - 5 exp(-10 t) "
          "+ 3 exp(-4 t)",
          "Biggs (1971); More, Garbow & Hillstrom (1981), 18, with m = 13; a local minimum has 5.65565e-3",
          fixed(6),
          start_at({1, 2, 1, 1, 1, 1}),
          minimum_at(0, {1, 10, 1, 5, 4, 3}),
          [](const Request& request) {
            const Tensor minus_t = constants(request.dtype, 13, [](double i) { return -i / 10; });
            const Tensor y = constants(request.dtype, 13, [](double i) {
              return std::exp(-i / 10) - 5 * std::exp(-i) + 3 * std::exp(-4 * i / 10);
            });
            return least_squares([=](const Var& x) {
              const Var s = on(x, minus_t);
              return at(x, 2) * exp(s * at(x, 0)) - at(x, 3) * exp(s * at(x, 1)) + at(x, 5) * exp(s * at(x, 4)) -
                     on(x, y);
            });
          }};
}

Problem osborne_2() {
  return {"osborne_2",
          "sum over t = 0, 0.1, ..., 6.4 of (y[i] - a exp(-t e) - three Gaussian bells)^2",
          "Osborne (1972); More, Garbow & Hillstrom (1981), 19",
          fixed(11),
          start_at({1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5}),
          minimum_at(4.01377e-2),
          [](const Request& request) {
            const Tensor y =
                constants(request.dtype,
                          {1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608,
                           0.655, 0.616, 0.606, 0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661,
                           0.612, 0.558, 0.533, 0.495, 0.500, 0.423, 0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428,
                           0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668, 0.645, 0.632, 0.591, 0.559,
                           0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098, 0.054});
            const Tensor t = constants(request.dtype, 65, [](double i) { return (i - 1) / 10; });
            return least_squares([=](const Var& x) {
              const Var s = on(x, t);
              const auto bell = [&](std::int64_t height, std::int64_t width, std::int64_t place) {
                return at(x, height) * exp(-(square(s - at(x, place)) * at(x, width)));
              };
              return on(x, y) - at(x, 0) * exp(-(s * at(x, 4))) - bell(1, 5, 8) - bell(2, 6, 9) - bell(3, 7, 10);
            });
          }};
}

}  // namespace

std::vector<Problem> more_fit_problems() {
  return {bard(), gaussian(), meyer(), gulf(), kowalik_osborne(), osborne_1(), biggs_exp6(), osborne_2()};
}

}  // namespace gradus::problems
