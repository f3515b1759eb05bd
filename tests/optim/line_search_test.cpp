#include "optim/solvers/line_search.h"

#include <gtest/gtest.h>

#include "autodiff/tensor/vectors.h"
#include "tests/optim/curvature_problems.h"

namespace gradus::optim {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

// A function of one number and its derivative.
struct Scalar {
  std::string name;
  std::function<double(double)> value, slope;
};
SmoothObjective objective_of(const Scalar& f) {
  return {[=](const Vector& x, Vector& g) {
            g = {f.slope(x[0])};
            return f.value(x[0]);
          },
          nullptr, 1};
}

// Moré & Thuente (1994), functions 1 to 3 of their section 5.
std::vector<Scalar> published() {
  return {{"1", [](double a) { return -a / (a * a + 2); },
           [](double a) { return (a * a - 2) / ((a * a + 2) * (a * a + 2)); }},
          {"2", [](double a) { return std::pow(a + 0.004, 5) - 2 * std::pow(a + 0.004, 4); },
           [](double a) { return 5 * std::pow(a + 0.004, 4) - 8 * std::pow(a + 0.004, 3); }},
          {"3",
           [](double a) {
             const double b = 0.01, l = 39, pi = std::acos(-1.0);
             const double base = a <= 1 - b ? 1 - a : a >= 1 + b ? a - 1 : (a - 1) * (a - 1) / (2 * b) + b / 2;
             return base + 2 * (1 - b) / (l * pi) * std::sin(l * pi / 2 * a);
           },
           [](double a) {
             const double b = 0.01, l = 39, pi = std::acos(-1.0);
             const double base = a <= 1 - b ? -1 : a >= 1 + b ? 1 : (a - 1) / b;
             return base + (1 - b) * std::cos(l * pi / 2 * a);
           }}};
}

LineSearchOptions options(double c1, double c2) {
  LineSearchOptions result;
  result.sufficient_decrease = c1;
  result.curvature = c2;
  return result;
}

struct Found {
  LineSearchResult result;
  double at;  // where the objective is
};
Found search(const Scalar& f, double first, const LineSearchOptions& o, bool wolfe, bool expand = false) {
  SmoothObjective objective = objective_of(f);
  const Tensor theta = Tensor::zeros({1}, DType::float64), direction = Tensor::of({1}, {1.0}), trial = theta.clone();
  const double ceiling = f.value(0) + vectors::rounding(f.value(0), DType::float64);
  const Ray ray{theta, direction, f.value(0), f.slope(0), ceiling, trial};
  const LineSearchResult result =
      wolfe ? strong_wolfe_search(objective, ray, first, o) : armijo_search(objective, ray, first, o, expand);
  EXPECT_EQ(objective.costs().gradients + objective.costs().values, result.evaluations);
  EXPECT_EQ(theta.at(0), 0);
  if (result.step > 0) {
    EXPECT_EQ(result.value, f.value(trial.at(0)));
    EXPECT_EQ(result.step, trial.at(0));
  }
  return {result, trial.at(0)};
}

TEST(StrongWolfeSearch, MeetsBothConditionsFromEveryFirstStep) {
  for (const Scalar& f : published())
    for (const double first : {1e-3, 1e-1, 1.0, 10.0, 1e3})
      for (const auto& [c1, c2] : {std::pair{1e-3, 0.1}, {0.1, 0.1 + 1e-9}, {1e-4, 0.9}, {1e-4, 1e-3}}) {
        SCOPED_TRACE(f.name + " from " + std::to_string(first) + ", c2 " + std::to_string(c2));
        const auto [result, at] = search(f, first, options(c1, c2), true);
        EXPECT_EQ(result.reason, Reason::stepped);
        EXPECT_LE(f.value(at), f.value(0) + c1 * at * f.slope(0) + 1e-15);
        EXPECT_LE(std::abs(f.slope(at)), c2 * std::abs(f.slope(0)));
        EXPECT_LE(result.evaluations, 20);
      }
}

TEST(ArmijoSearch, LowersTheValueEnough) {
  for (const Scalar& f : published())
    for (const double first : {1e-3, 1.0, 10.0, 1e3}) {
      SCOPED_TRACE(f.name + " from " + std::to_string(first));
      const auto [result, at] = search(f, first, options(1e-4, 0.9), false);
      EXPECT_EQ(result.reason, Reason::stepped);
      EXPECT_LE(f.value(at), f.value(0) + 1e-4 * at * f.slope(0) + 1e-15);
    }
}

TEST(ArmijoSearch, TakesTheParabolasMinimumFirst) {
  // (a - 1)^2: from 4 the parabola through value, slope and value is the function itself.
  const Scalar f{"parabola", [](double a) { return (a - 1) * (a - 1); }, [](double a) { return 2 * (a - 1); }};
  const auto [result, at] = search(f, 4, options(1e-4, 0.9), false);
  EXPECT_NEAR(at, 1, 1e-12);
  EXPECT_EQ(result.evaluations, 2);
}

TEST(ArmijoSearch, KnowsTheGradientWhereItsFirstTrialIsTaken) {
  const Scalar f{"parabola", [](double a) { return (a - 1) * (a - 1); }, [](double a) { return 2 * (a - 1); }};
  for (const double first : {1.0, 4.0}) {
    SmoothObjective objective = objective_of(f);
    const Tensor theta = Tensor::zeros({1}, DType::float64), direction = Tensor::of({1}, {1.0}), trial = theta.clone();
    armijo_search(objective, {theta, direction, f.value(0), f.slope(0), f.value(0), trial}, first, {});
    EXPECT_EQ(objective.gradient().at(0), f.slope(trial.at(0)));
    EXPECT_EQ(objective.costs().gradients, first == 1 ? 1 : 2);
    EXPECT_EQ(objective.costs().values, first == 1 ? 0 : 1);
  }
}

TEST(ArmijoSearch, DoublesAStepOfNegativeCurvature) {
  const Scalar f{"hill", [](double a) { return -a * a - a + 1e-4 * a * a * a * a; },
                 [](double a) { return -2 * a - 1 + 4e-4 * a * a * a; }};
  EXPECT_EQ(search(f, 1, options(1e-4, 0.9), false).at, 1);
  EXPECT_EQ(search(f, 1, options(1e-4, 0.9), false, true).at, 64);  // the minimum is near 70.9
}

TEST(LineSearches, TreatWhatIsNotFiniteAsTooHigh) {
  for (const double beyond : {nan, infinity, -infinity}) {
    const Scalar f{"barrier", [beyond](double a) { return a < 2 ? -a - std::log(2 - a) * 0.1 : beyond; },
                   [](double a) { return a < 2 ? -1 + 0.1 / (2 - a) : nan; }};
    for (const double first : {1.0, 2.5, 100.0, 1e6})
      for (const bool wolfe : {false, true}) {
        SCOPED_TRACE(std::to_string(beyond) + " from " + std::to_string(first));
        const auto [result, at] = search(f, first, options(1e-4, 0.1), wolfe);
        EXPECT_EQ(result.reason, Reason::stepped);
        EXPECT_TRUE(at > 0 && at < 2) << at;
      }
    const Scalar nothing{"nothing", [beyond](double a) { return a == 0 ? 1 : beyond; },
                         [](double a) { return a == 0 ? -1 : nan; }};
    EXPECT_EQ(search(nothing, 1, options(1e-4, 0.1), true).result.reason, Reason::not_finite);
    EXPECT_EQ(search(nothing, 1, options(1e-4, 0.1), false).result.reason, Reason::not_finite);
  }
}

TEST(LineSearches, GiveUpWhereTheSlopeLies) {
  const Scalar f{"liar", [](double a) { return a; }, [](double) { return -1.0; }};
  for (const bool wolfe : {false, true}) {
    const auto [result, at] = search(f, 1, options(1e-4, 0.1), wolfe);
    EXPECT_EQ(result.reason, Reason::no_progress);
    EXPECT_EQ(result.step, 0);
    EXPECT_LE(result.evaluations, 40);
  }
}

// Near a minimum with a large value, no step lowers the value by more than its rounding.
TEST(LineSearches, AcceptWhatIsEqualWithinRounding) {
  const Scalar f{"raised", [](double a) { return 1e6 + (a - 1e-7) * (a - 1e-7); },
                 [](double a) { return 2 * (a - 1e-7); }};
  EXPECT_EQ(search(f, 1e-7, options(1e-4, 0.1), true).result.reason, Reason::stepped);
  EXPECT_EQ(search(f, 1e-7, options(1e-4, 0.1), false).result.reason, Reason::stepped);
}

TEST(StrongWolfeSearch, IsTheSameWhateverTheScales) {
  for (const Scalar& f : published())
    for (const double scale : {0x1p20, 0x1p-20}) {
      const Scalar taller{"", [=](double a) { return scale * f.value(a); },
                          [=](double a) { return scale * f.slope(a); }};
      EXPECT_EQ(search(taller, 0.1, options(1e-3, 0.1), true).at, search(f, 0.1, options(1e-3, 0.1), true).at);
    }
}

}  // namespace
}  // namespace gradus::optim
