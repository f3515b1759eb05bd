// Short ways to define a problem, for the files of families.
#pragma once

#include <utility>

#include "experiments/problems/elements.h"
#include "experiments/problems/problem.h"

namespace gradus::problems {

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr std::int64_t any_dimension = 100'000;  // as many as a file of trajectories can sensibly hold

inline auto start_at(std::vector<double> point) {
  return [point = std::move(point)](std::int64_t) { return point; };
}
// f(i, n), i = 1, ..., n.
inline auto start_each(std::function<double(double i, double n)> f) {
  return [f = std::move(f)](std::int64_t n) {
    std::vector<double> point;
    for (std::int64_t i = 1; i <= n; ++i) point.push_back(f(static_cast<double>(i), static_cast<double>(n)));
    return point;
  };
}
inline auto start_everywhere(double value) {
  return start_each([value](double, double) { return value; });
}
inline auto minimum_at(double value, std::vector<double> point = {}) {
  return [minimum = Minimum{value, std::move(point)}](std::int64_t) { return minimum; };
}
// A minimiser with equal elements.
inline auto minimum_everywhere(double value, double element) {
  return [=](std::int64_t n) { return Minimum{value, std::vector<double>(static_cast<std::size_t>(n), element)}; };
}
// For these dimensions only, e.g. {{6, 2.28767e-3}, {9, 1.39976e-6}}.
inline auto minimum_by_dimension(std::vector<std::pair<std::int64_t, double>> values) {
  return [values = std::move(values)](std::int64_t n) {
    for (const auto& [dimension, value] : values)
      if (dimension == n) return Minimum{value};
    return Minimum{};
  };
}
// For a formula that needs nothing of the request.
inline auto always(Formula formula) {
  return [formula = std::move(formula)](const Request&) { return formula; };
}

// Of each file of a family, in its order there.
std::vector<Problem> quadratic_problems();
std::vector<Problem> stochastic_quadratic_problems();
std::vector<Problem> valley_problems();
std::vector<Problem> plane_problems();
std::vector<Problem> multimodal_problems();
std::vector<Problem> more_small_problems();
std::vector<Problem> more_fit_problems();
std::vector<Problem> more_variable_problems();
std::vector<Problem> regression_problems();

}  // namespace gradus::problems
