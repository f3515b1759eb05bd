// Values and minima as they are published.
#include <gtest/gtest.h>

#include <map>

#include "tests/problems/points.h"

namespace gradus::problems {
namespace {

TEST(Published, MinimisersHaveTheMinimumAndNoGradient) {
  int points = 0;
  for (const Problem& p : problems()) {
    Request request;
    request.noise = 0;
    const std::int64_t n = dimension_of(p, request);
    const Minimum minimum = p.minimum(n);
    if (minimum.point.empty()) continue;
    ++points;
    const auto objective = make_objective(p, request);
    const Tensor x = Tensor::of({n}, minimum.point);
    if (!std::isnan(minimum.value)) {
      EXPECT_NEAR(value_at(*objective, x), minimum.value, 1e-12 * (1 + std::abs(minimum.value))) << p.name;
    }
    // In proportion to the curvature, which is 1e12 for the badly scaled ones.
    const Tensor gradient = gradient_at(*objective, x), product = gradient.clone(),
                 ones = Tensor::full({n}, 1, DType::float64);
    objective->move_to(x);
    multiply(objective->curvature()->hessian, ones, product);
    EXPECT_LT(norm(gradient), 1e-8 * (1 + norm(product))) << p.name;
  }
  EXPECT_GE(points, 30);
}

struct Fit {
  std::string problem;
  std::int64_t dimension;
  double value;               // as printed, to the digits printed
  std::vector<double> close;  // near the minimiser
};

// The minimum by Newton's method with damping, on Hessian products, from a point nearby.
double refined(TapeObjective& objective, Tensor x) {
  const std::int64_t n = x.size();
  const auto size = static_cast<std::size_t>(n);
  double damping = 1e-3, value = value_at(objective, x);
  for (int iteration = 0; iteration < 200 && damping < 1e10; ++iteration) {
    objective.move_to(x);
    std::vector<double> step = objective.gradient().to_vector(), matrix(size * size);
    const Tensor unit = Tensor::zeros({n}, DType::float64), column = unit.clone();
    for (std::size_t j = 0; j < size; ++j) {
      unit.fill(0), unit.set(static_cast<std::int64_t>(j), 1);
      multiply(objective.curvature()->hessian, unit, column);
      for (std::size_t i = 0; i < size; ++i) matrix[i * size + j] = column.at(static_cast<std::int64_t>(i));
      matrix[j * size + j] *= 1 + damping;
    }
    for (std::size_t k = 0; k < size; ++k)  // Gauss-Jordan elimination
      for (std::size_t i = 0; i < size; ++i) {
        if (i == k) continue;
        const double factor = matrix[i * size + k] / matrix[k * size + k];
        for (std::size_t j = k; j < size; ++j) matrix[i * size + j] -= factor * matrix[k * size + j];
        step[i] -= factor * step[k];
      }
    const Tensor next = x.clone();
    for (std::size_t i = 0; i < size; ++i)
      next.set(static_cast<std::int64_t>(i), x.at(static_cast<std::int64_t>(i)) - step[i] / matrix[i * size + i]);
    const double there = value_at(objective, next);
    if (there < value) {
      x = next;
      value = there;
      damping /= 5;
    } else
      damping *= 5;
  }
  return value;
}

TEST(Published, MinimaOfFitsAreFound) {
  const std::vector<Fit> fits = {
      {"freudenstein_roth", 2, 48.9842, {11.4, -0.9}},
      {"jennrich_sampson", 2, 124.362, {0.26, 0.255}},
      {"bard", 3, 8.21487e-3, {0.08, 1.1, 2.3}},
      {"gaussian", 3, 1.12793e-8, {0.4, 1, 0}},
      {"meyer", 3, 87.9458, {0.0056, 6181.4, 345.2}},
      {"kowalik_osborne", 4, 3.07505e-4, {0.19, 0.19, 0.12, 0.136}},
      {"brown_dennis", 4, 85822.2, {-11.6, 13.2, -0.4, 0.24}},
      {"osborne_1", 5, 5.46489e-5, {0.375, 1.936, -1.465, 0.01287, 0.02212}},
      {"biggs_exp6", 6, 5.65565e-3, {1.71, 17.7, 1.16, 5.19, 1.71, 1.16}},
      {"osborne_2", 11, 4.01377e-2, {1.3, 0.43, 0.63, 0.6, 0.75, 0.9, 1.37, 4.8, 2.4, 4.57, 5.68}},
      {"watson", 6, 2.28767e-3, {-0.0157, 1.012, -0.233, 1.26, -1.51, 0.993}},
      {"penalty_1", 4, 2.24997e-5, {0.25, 0.25, 0.25, 0.25}},
      {"penalty_1", 10, 7.08765e-5, std::vector<double>(10, 0.158)},
      {"penalty_2", 4, 9.37629e-6, {0.2, 0.1913, 0.48, 0.519}},
      {"chebyquad", 8, 3.51687e-3, {0.043, 0.193, 0.266, 0.5, 0.5, 0.734, 0.807, 0.957}},
  };
  for (const Fit& fit : fits) {
    const auto objective = make_objective(fit.problem, fit.dimension);
    const double found = refined(*objective, Tensor::of({fit.dimension}, fit.close));
    EXPECT_NEAR(found, fit.value, 6e-6 * fit.value) << fit.problem;
    const Minimum listed = problem(fit.problem).minimum(fit.dimension);
    if (listed.value != 0) {
      EXPECT_NEAR(listed.value, found, 6e-6 * found) << fit.problem;
    }
  }
}

TEST(Published, ValuesAtTheStarts) {
  // By hand for the polynomials; for the others as in collections that print them to these digits.
  const std::map<std::string, double> values = {{"sphere", 2},
                                                {"rosenbrock", 24.2},
                                                {"extended_rosenbrock", 121},
                                                {"extended_powell", 1075},
                                                {"himmelblau", 170},
                                                {"booth", 170},
                                                {"matyas", 42.34},
                                                {"freudenstein_roth", 400.5},
                                                {"beale", 14.203125},
                                                {"helical_valley", 2500},
                                                {"powell_singular", 215},
                                                {"wood", 19192},
                                                {"watson", 30},
                                                {"broyden_tridiagonal", 21},
                                                {"broyden_banded", 360},
                                                {"penalty_1", 885.062640625},
                                                {"styblinski_tang", 0},
                                                {"brown_badly_scaled", 999998000003}};
  for (const auto& [name, value] : values) {
    const auto objective = make_objective(name);
    EXPECT_NEAR(value_at(*objective, start_of(problem(name))), value, 1e-9 * (1 + value)) << name;
  }
  const std::map<std::string, double> printed = {{"powell_badly_scaled", 1.13526},
                                                 {"jennrich_sampson", 4171.306},
                                                 {"bard", 41.6817},
                                                 {"gaussian", 3.88811e-6},
                                                 {"meyer", 1.69361e9},
                                                 {"box_3d", 1031.154},
                                                 {"gulf", 12.1107},
                                                 {"kowalik_osborne", 5.31317e-3},
                                                 {"brown_dennis", 7926693.336},
                                                 {"osborne_1", 0.879026},
                                                 {"biggs_exp6", 0.779070},
                                                 {"osborne_2", 2.09342},
                                                 {"variably_dimensioned", 2198551.1625},
                                                 {"chebyquad", 0.0386177}};
  for (const auto& [name, value] : printed) {
    const auto objective = make_objective(name);
    EXPECT_NEAR(value_at(*objective, start_of(problem(name))), value, 2e-6 * value) << name;
  }
}

TEST(Published, OtherMinimaThatTheSourcesName) {
  const auto value = [](const char* name, std::vector<double> point) {
    const auto n = static_cast<std::int64_t>(point.size());
    return value_at(*make_objective(name, n), Tensor::of({n}, point));
  };
  EXPECT_NEAR(value("himmelblau", {-2.805118086952745, 3.131312518250573}), 0, 1e-20);
  EXPECT_NEAR(value("himmelblau", {3.584428340330492, -1.848126526964404}), 0, 1e-20);
  EXPECT_NEAR(value("box_3d", {10, 1, -1}), 0, 1e-20);
  EXPECT_NEAR(value("brown_almost_linear", {0, 0, 0, 0, 0, 0, 0, 0, 0, 11}), 1, 1e-12);
  EXPECT_NEAR(value("saddle", {0, 3}), -9, 1e-12);
  EXPECT_NEAR(value("three_hump_camel", {1.7475523458301, -0.8737761729151}), 0.298638442, 1e-8);
}

}  // namespace
}  // namespace gradus::problems
