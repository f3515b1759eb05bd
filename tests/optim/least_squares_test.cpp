#include <gtest/gtest.h>

#include "tests/optim/curvature_problems.h"

namespace gradus::optim {
namespace {

// |J x - b|^2 / 2 for a matrix J [m, n], and Rosenbrock's residuals (10 (y - x^2), 1 - x), with Gauss-Newton products.
SmoothObjective linear_least_squares(const DenseSymmetric& gram, const Vector& jtb) {
  SmoothObjective objective(
      [&gram, jtb](const Vector& x, Vector& g) {
        const Vector ax = gram.times(x);
        for (std::size_t i = 0; i < x.size(); ++i) g[i] = ax[i] - jtb[i];
        return dot(x, ax) / 2 - dot(jtb, x);
      },
      nullptr, std::ssize(jtb));
  objective.set_gauss_newton([&gram](const Vector&, const Vector& v) { return gram.times(v); });
  return objective;
}
SmoothObjective rosenbrock_residuals(double scale = 1) {
  SmoothObjective objective(
      [](const Vector& x, Vector& g) {
        const double r = 10 * (x[1] - x[0] * x[0]), s = 1 - x[0];
        g = {-20 * x[0] * r - s, 10 * r};
        return (r * r + s * s) / 2;
      },
      nullptr, 2, scale);
  objective.set_gauss_newton([](const Vector& x, const Vector& v) {
    const double a = 10 * (v[1] - 2 * x[0] * v[0]);
    return Vector{-20 * x[0] * a + v[0], 10 * a};
  });
  return objective;
}

TEST(GaussNewton, SolvesALinearProblemInOneStep) {
  const DenseSymmetric gram({0.5, 1, 2, 5, 9, 20}, 1);
  const Vector jtb = random_numbers(6, 2);
  SmoothObjective objective = linear_least_squares(gram, jtb);
  const Tensor theta = Tensor::of({6}, random_numbers(6, 3));
  const StepReport report = make_optimizer("gauss_newton", {{"tolerance", 1e-10}})->step(objective, theta);
  EXPECT_EQ(report.reason, Reason::stepped);
  EXPECT_EQ(report.step_length, 1);
  Vector negative = jtb;
  for (double& x : negative) x = -x;
  EXPECT_LT(distance(theta.to_vector(), gram.newton_step(negative)), 1e-9);
}

TEST(GaussNewton, TakesTheShortestStepOfASingularProblem) {
  const DenseSymmetric gram({0, 0, 2, 5, 9, 20}, 1);
  const Vector x = random_numbers(6, 2), jtb = gram.times(x);
  SmoothObjective objective = linear_least_squares(gram, jtb);
  const Tensor theta = Tensor::zeros({6}, DType::float64);
  EXPECT_EQ(make_optimizer("gauss_newton", {{"tolerance", 1e-10}})->step(objective, theta).inner_reason,
            Reason::converged);
  EXPECT_LT(distance(gram.times(theta.to_vector()), jtb), 1e-9);
  EXPECT_LT(norm(theta.to_vector()), norm(x));
}

// On a quadratic the model is exact: ratio 1, a step of -(G + damping I)^-1 g, and damping / 3 after each (Nielsen).
TEST(LevenbergMarquardt, EqualsItsClosedForm) {
  const DenseSymmetric gram({0.5, 1, 2, 5, 9, 20}, 1);
  const Vector jtb = random_numbers(6, 2);
  for (const auto& [update, factor] : {std::pair{std::string("nielsen"), 1.0 / 3}, {"marquardt", 0.1}}) {
    SmoothObjective objective = linear_least_squares(gram, jtb);
    const Tensor theta = Tensor::of({6}, random_numbers(6, 3));
    const auto optimizer =
        make_optimizer("levenberg_marquardt", {{"update", update}, {"initial_damping", 0.5}, {"tolerance", 1e-13}});
    double damping = 0;
    for (int i = 0; i < 5; ++i) {
      const Vector x = theta.to_vector();
      objective.return_to(theta);
      const Vector g = objective.gradient().to_vector();
      if (i == 0) damping = 0.5 * dot(g, gram.times(g)) / dot(g, g);
      const StepReport report = optimizer->step(objective, theta);
      EXPECT_NEAR(report.damping, damping, 1e-10 * damping);
      EXPECT_NEAR(report.reduction_ratio, 1, 1e-6);
      Vector expected = gram.newton_step(g, damping);
      for (std::size_t j = 0; j < 6; ++j) expected[j] += x[j];
      EXPECT_LT(distance(theta.to_vector(), expected), 1e-10);
      damping *= factor;
    }
  }
}

// Rosenbrock's residuals: the two-by-two system by hand, with the ratio and the update of the damping, through
// rejections.
TEST(LevenbergMarquardt, EqualsATranscriptionOnRosenbrock) {
  for (const std::string update : {"nielsen", "marquardt"}) {
    SmoothObjective objective = rosenbrock_residuals();
    const Tensor theta = Tensor::of({2}, {-1.2, 1});
    const auto optimizer =
        make_optimizer("levenberg_marquardt", {{"update", update}, {"initial_damping", 1e-3}, {"tolerance", 1e-14}});
    double x = -1.2, y = 1, damping = 0, growth = 2;
    const auto value = [](double a, double b) { return (100 * (b - a * a) * (b - a * a) + (1 - a) * (1 - a)) / 2; };
    int rejections = 0;
    for (int i = 0; i < 12; ++i) {
      // J = [[-20 x, 10], [-1, 0]]
      const double r = 10 * (y - x * x), s = 1 - x, g0 = -20 * x * r - s, g1 = 10 * r;
      const double a = 400 * x * x + 1, b = -200 * x, c = 100;
      if (i == 0) damping = 1e-3 * (a * g0 * g0 + 2 * b * g0 * g1 + c * g1 * g1) / (g0 * g0 + g1 * g1);
      double ratio = 0, p = 0, q = 0;
      do {
        const double det = (a + damping) * (c + damping) - b * b;
        p = -((c + damping) * g0 - b * g1) / det;
        q = -((a + damping) * g1 - b * g0) / det;
        const double predicted = -(g0 * p + g1 * q + (a * p * p + 2 * b * p * q + c * q * q) / 2);
        ratio = (value(x, y) - value(x + p, y + q)) / predicted;
        if (ratio <= 1e-4) {
          damping *= update == "nielsen" ? growth : 10;
          growth *= 2;
          ++rejections;
        }
      } while (ratio <= 1e-4);
      damping *= update == "nielsen" ? std::max(1.0 / 3, 1 - std::pow(2 * ratio - 1, 3)) : 0.1;
      growth = 2;
      x += p;
      y += q;
      const StepReport report = optimizer->step(objective, theta);
      EXPECT_NEAR(report.reduction_ratio, ratio, 1e-6);
      EXPECT_NEAR(theta.at(0), x, 1e-8) << update << " " << i;
      EXPECT_NEAR(theta.at(1), y, 1e-8) << update << " " << i;
    }
    EXPECT_GT(rejections, 0) << update;
  }
}

TEST(LeastSquares, ConvergeOnRosenbrockWhateverTheScale) {
  for (const std::string method : {"gauss_newton", "levenberg_marquardt"})
    for (const double scale : {1.0, 1e6, 1e-6}) {
      SmoothObjective objective = rosenbrock_residuals(scale);
      const Tensor theta = Tensor::of({2}, {-1.2, 1});
      const auto optimizer = make_optimizer(method, {{"gradient_tolerance", 1e-10 * scale}});
      const Course course = run(*optimizer, objective, theta, 100);
      EXPECT_EQ(course.last.reason, Reason::converged) << method << " " << scale;
      EXPECT_NEAR(theta.at(0), 1, 1e-6);
    }
}

TEST(LeastSquares, SayWhyTheyStop) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (const std::string method : {"gauss_newton", "levenberg_marquardt"}) {
    SmoothObjective without = chained_rosenbrock(2);
    const Tensor theta = Tensor::of({2}, {1, 2});
    EXPECT_THROW(make_optimizer(method)->step(without, theta), std::invalid_argument);
    for (const bool products_break : {false, true}) {
      SmoothObjective broken(
          [](const Vector& x, Vector& g) {
            g = x;
            return x == Vector{1, 2} ? 1.0 : nan;
          },
          nullptr, 2);
      broken.set_gauss_newton([=](const Vector&, const Vector& v) { return products_break ? Vector{nan, 0} : v; });
      EXPECT_EQ(make_optimizer(method)->step(broken, theta).reason, Reason::not_finite) << method;
      EXPECT_EQ(theta.to_vector(), (Vector{1, 2}));
    }
  }
}

TEST(LeastSquares, ContinueBitwiseFromRestoredState) {
  for (const std::string method : {"gauss_newton", "levenberg_marquardt"}) {
    SmoothObjective objective = rosenbrock_residuals();
    const Tensor theta = Tensor::of({2}, {-1.2, 1});
    const auto optimizer = make_optimizer(method), fresh = make_optimizer(method);
    for (int i = 0; i < 3; ++i) optimizer->step(objective, theta);
    EXPECT_TRUE(continues_bitwise(*optimizer, *fresh, objective, theta, 4)) << method;
  }
}

}  // namespace
}  // namespace gradus::optim
