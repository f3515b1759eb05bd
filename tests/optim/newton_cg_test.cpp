#include <gtest/gtest.h>

#include "tests/optim/curvature_problems.h"

namespace gradus::optim {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

const std::vector<std::string> globalizations = {"armijo", "strong_wolfe", "trust_region", "trust_region_lanczos"};
const std::vector<std::string> preconditioners = {"none", "jacobi", "lbfgs"};
const std::vector<std::string> forcings = {"fixed", "superlinear", "quadratic", "eisenstat_walker_1",
                                           "eisenstat_walker_2"};

SmoothObjective quadratic(const Vector& eigenvalues, const Vector& b, double scale = 1) {
  const auto size = std::ssize(eigenvalues);
  return {[=](const Vector& x, Vector& g) {
            double value = 0;
            for (std::size_t i = 0; i < x.size(); ++i) {
              g[i] = eigenvalues[i] * x[i] - b[i];
              value += x[i] * (eigenvalues[i] * x[i] / 2 - b[i]);
            }
            return value;
          },
          [=](const Vector&, const Vector& v) {
            Vector out(v.size());
            for (std::size_t i = 0; i < v.size(); ++i) out[i] = eigenvalues[i] * v[i];
            return out;
          },
          size, scale};
}

TEST(NewtonCg, MinimisesAConvexQuadraticInOneStep) {
  constexpr std::size_t n = 1000;
  Vector eigenvalues(n);
  for (std::size_t i = 0; i < n; ++i) eigenvalues[i] = std::pow(1e4, static_cast<double>(i) / (n - 1));
  const Vector b = random_numbers(n, 1);
  for (const std::string& globalization : globalizations) {
    SCOPED_TRACE(globalization);
    SmoothObjective objective = quadratic(eigenvalues, b);
    const Tensor theta = Tensor::of({n}, random_numbers(n, 2));
    const auto optimizer = make_optimizer("newton_cg", {{"globalization", globalization},
                                                        {"forcing", "fixed"},
                                                        {"tolerance", 1e-14},
                                                        {"max_inner_iterations", 2000},
                                                        {"initial_radius", 1e6}});
    const StepReport report = optimizer->step(objective, theta);
    EXPECT_EQ(report.reason, Reason::stepped);
    EXPECT_EQ(report.inner_reason, Reason::converged);
    objective.return_to(theta);
    EXPECT_LT(norm(objective.gradient().to_vector()), 1e-8);
    EXPECT_EQ(objective.costs().products, report.inner_iterations);
  }
}

TEST(NewtonCg, MinimisesRosenbrock) {
  for (const std::int64_t n : {2, 100})
    for (const std::string& globalization : globalizations)
      for (const std::string& preconditioner : preconditioners) {
        SCOPED_TRACE(std::to_string(n) + " " + globalization + " " + preconditioner);
        SmoothObjective objective = chained_rosenbrock(n);
        const Tensor theta = Tensor::of({n}, rosenbrock_start(static_cast<std::size_t>(n)));
        const auto optimizer = make_optimizer(
            "newton_cg",
            {{"globalization", globalization}, {"preconditioner", preconditioner}, {"gradient_tolerance", 1e-8}});
        const Course result = run(*optimizer, objective, theta, 500);
        EXPECT_EQ(result.last.reason, Reason::converged);
        objective.return_to(theta);
        EXPECT_LT(norm(objective.gradient().to_vector()), 1e-8);
      }
}

TEST(NewtonCg, ConvergesWithEveryForcingSequence) {
  for (const std::string& forcing : forcings)
    for (const std::string& globalization : globalizations) {
      SCOPED_TRACE(forcing + " " + globalization);
      SmoothObjective objective = chained_rosenbrock(10);
      const Tensor theta = Tensor::of({10}, rosenbrock_start(10));
      const auto optimizer = make_optimizer(
          "newton_cg", {{"globalization", globalization}, {"forcing", forcing}, {"gradient_tolerance", 1e-8}});
      EXPECT_EQ(run(*optimizer, objective, theta, 500).last.reason, Reason::converged);
    }
}

// A loss times a power of two has the same path bit by bit; times 10^6 or 10^-6, but for rounding.
TEST(NewtonCg, TakesTheSamePathWhateverTheScaleOfTheLoss) {
  for (const std::string& globalization : globalizations)
    for (const std::string& preconditioner : preconditioners)
      for (const std::string& forcing : forcings) {
        SCOPED_TRACE(globalization + " " + preconditioner + " " + forcing);
        const auto path = [&](double scale) {
          SmoothObjective objective = chained_rosenbrock(6, scale);
          const Tensor theta = Tensor::of({6}, rosenbrock_start(6));
          const auto optimizer = make_optimizer(
              "newton_cg",
              {{"globalization", globalization}, {"preconditioner", preconditioner}, {"forcing", forcing}});
          return run(*optimizer, objective, theta, 12).path;
        };
        const auto one = path(1);
        EXPECT_EQ(path(0x1p20), one);
        EXPECT_EQ(path(0x1p-20), one);
        for (const double scale : {1e6, 1e-6}) {
          const auto scaled = path(scale);
          for (std::size_t i = 0; i < one.size(); ++i) EXPECT_LT(distance(scaled[i], one[i]), 1e-6) << i;
        }
      }
}

struct Saddle {
  std::string name;
  Vector start;
  double lowest;  // its minimum
  std::shared_ptr<SmoothObjective> objective;
};
std::vector<Saddle> saddles() {
  std::vector<Saddle> all;
  // x^2 - y^2 + y^4: minima at (0, +-sqrt(1/2)).
  all.push_back({"bounded saddle",
                 {1, 1e-3},
                 -0.25,
                 std::make_shared<SmoothObjective>(
                     [](const Vector& x, Vector& g) {
                       g = {2 * x[0], -2 * x[1] + 4 * std::pow(x[1], 3)};
                       return x[0] * x[0] - x[1] * x[1] + std::pow(x[1], 4);
                     },
                     [](const Vector& x, const Vector& v) {
                       return Vector{2 * v[0], (-2 + 12 * x[1] * x[1]) * v[1]};
                     },
                     2)});
  // x^3 - 3 x y^2 + (x^2 + y^2)^2: the monkey saddle at 0, minima -27/256 at distance 3/4.
  all.push_back({"monkey saddle",
                 {0.1, 1e-3},
                 -27.0 / 256,
                 std::make_shared<SmoothObjective>(
                     [](const Vector& x, Vector& g) {
                       const double r = x[0] * x[0] + x[1] * x[1];
                       g = {3 * x[0] * x[0] - 3 * x[1] * x[1] + 4 * r * x[0], -6 * x[0] * x[1] + 4 * r * x[1]};
                       return x[0] * x[0] * x[0] - 3 * x[0] * x[1] * x[1] + r * r;
                     },
                     [](const Vector& x, const Vector& v) {
                       const double r = x[0] * x[0] + x[1] * x[1], xv = x[0] * v[0] + x[1] * v[1];
                       return Vector{6 * x[0] * v[0] - 6 * x[1] * v[1] + 4 * r * v[0] + 8 * xv * x[0],
                                     -6 * x[1] * v[0] - 6 * x[0] * v[1] + 4 * r * v[1] + 8 * xv * x[1]};
                     },
                     2)});
  return all;
}

TEST(NewtonCg, LeavesSaddlesAlongNegativeCurvatureAndSaysSo) {
  for (Saddle& saddle : saddles())
    for (const std::string& globalization : globalizations) {
      SCOPED_TRACE(saddle.name + " " + globalization);
      const Tensor theta = Tensor::of({2}, saddle.start);
      const auto optimizer =
          make_optimizer("newton_cg", {{"globalization", globalization}, {"gradient_tolerance", 1e-8}});
      const Course result = run(*optimizer, *saddle.objective, theta, 200);
      EXPECT_EQ(result.last.reason, Reason::converged);
      EXPECT_NEAR(result.last.loss, saddle.lowest, 1e-9);
      int reported = 0;
      for (const StepReport& r : result.reports) {
        reported += r.reason == Reason::negative_curvature;
        if (r.reason == Reason::negative_curvature) {
          EXPECT_EQ(r.inner_reason, Reason::negative_curvature);
        }
      }
      EXPECT_GT(reported, 0);
    }
}

TEST(NewtonCg, HasAReasonWhereThereIsNoSlope) {
  // At the saddle itself, and on a plain without slope or curvature.
  for (Saddle& saddle : saddles()) {
    const Tensor theta = Tensor::zeros({2}, DType::float64);
    EXPECT_EQ(make_optimizer("newton_cg")->step(*saddle.objective, theta).reason, Reason::converged);
    EXPECT_EQ(theta.to_vector(), (Vector{0, 0}));
  }
}

TEST(NewtonCg, SurvivesSingularHessians) {
  for (const std::string& globalization : globalizations) {
    SCOPED_TRACE(globalization);
    const NamedValues values{{"globalization", globalization}, {"gradient_tolerance", 1e-8}};
    // (x + y)^4 + (x + y - 1)^2 is flat along x - y.
    SmoothObjective valley(
        [](const Vector& x, Vector& g) {
          const double s = x[0] + x[1], slope = 4 * s * s * s + 2 * (s - 1);
          g = {slope, slope};
          return s * s * s * s + (s - 1) * (s - 1);
        },
        [](const Vector& x, const Vector& v) {
          const double s = x[0] + x[1], h = (12 * s * s + 2) * (v[0] + v[1]);
          return Vector{h, h};
        },
        2);
    const Tensor theta = Tensor::of({2}, {3, 1});
    EXPECT_EQ(run(*make_optimizer("newton_cg", values), valley, theta, 100).last.reason, Reason::converged);
    EXPECT_NEAR(theta.at(0) - theta.at(1), 2, 1e-9);
    // x^4 has no curvature at its minimum.
    SmoothObjective quartic(
        [](const Vector& x, Vector& g) {
          g = {4 * std::pow(x[0], 3)};
          return std::pow(x[0], 4);
        },
        [](const Vector& x, const Vector& v) { return Vector{12 * x[0] * x[0] * v[0]}; }, 1);
    const Tensor x = Tensor::of({1}, {2.0});
    EXPECT_EQ(run(*make_optimizer("newton_cg", values), quartic, x, 200).last.reason, Reason::converged);
    // A plane goes down for ever: it moves, and stays finite.
    SmoothObjective plane(
        [](const Vector& p, Vector& g) {
          g = {1, -2};
          return p[0] - 2 * p[1];
        },
        [](const Vector&, const Vector&) {
          return Vector{0, 0};
        },
        2);
    const Tensor p = Tensor::zeros({2}, DType::float64);
    run(*make_optimizer("newton_cg", values), plane, p, 30);
    EXPECT_LT(p.at(0), -1);
    EXPECT_TRUE(std::isfinite(p.at(0)) && std::isfinite(p.at(1)));
  }
}

TEST(NewtonCg, StaysAwayFromPointsThatAreNotFinite) {
  for (const std::string& globalization : globalizations)
    for (const double beyond : {nan, infinity, -infinity}) {
      SCOPED_TRACE(globalization + " " + std::to_string(beyond));
      // 1 / x - log x + x, defined for x > 0; Newton's steps from afar leave it.
      SmoothObjective barrier(
          [beyond](const Vector& x, Vector& g) {
            g = {x[0] > 0 ? 1 - 1 / x[0] : nan};
            return x[0] > 0 ? x[0] - std::log(x[0]) : beyond;
          },
          [](const Vector& x, const Vector& v) { return Vector{v[0] / (x[0] * x[0])}; }, 1);
      const Tensor theta = Tensor::of({1}, {30.0});
      const auto optimizer = make_optimizer(
          "newton_cg", {{"globalization", globalization}, {"gradient_tolerance", 1e-8}, {"initial_radius", 1000}});
      const Course result = run(*optimizer, barrier, theta, 100);
      EXPECT_EQ(result.last.reason, Reason::converged);
      EXPECT_NEAR(theta.at(0), 1, 1e-7);
    }
}

TEST(NewtonCg, LeavesThetaWhereItIsIfNothingIsFinite) {
  for (const std::string& globalization : globalizations)
    for (int broken = 0; broken < 4; ++broken) {
      SCOPED_TRACE(globalization + " " + std::to_string(broken));
      // The value, the gradient or the products; or all values but the first.
      SmoothObjective objective(
          [broken](const Vector& x, Vector& g) {
            g = {broken == 1 ? nan : 2 * x[0], 2 * x[1]};
            const bool is_start = x == Vector{1, 2};
            return broken == 0 || (broken == 3 && !is_start) ? nan : x[0] * x[0] + x[1] * x[1];
          },
          [broken](const Vector&, const Vector& v) {
            return Vector{2 * v[0], broken == 2 ? infinity : 2 * v[1]};
          },
          2);
      const Tensor theta = Tensor::of({2}, {1, 2});
      const auto optimizer = make_optimizer("newton_cg", {{"globalization", globalization}});
      for (int i = 0; i < 3; ++i) {
        const StepReport report = optimizer->step(objective, theta);
        EXPECT_EQ(report.reason, Reason::not_finite);
        EXPECT_TRUE(report.is_final());
        EXPECT_EQ(theta.to_vector(), (Vector{1, 2}));
      }
    }
}

TEST(NewtonCg, ReportsWhatItDid) {
  SmoothObjective objective = chained_rosenbrock(4);
  const Tensor theta = Tensor::of({4}, rosenbrock_start(4));
  const auto region = make_optimizer("newton_cg", {{"globalization", "trust_region"}, {"initial_radius", 0.25}});
  Vector before = theta.to_vector();
  StepReport report = region->step(objective, theta);
  EXPECT_EQ(report.trust_radius, 0.25);
  EXPECT_NEAR(report.step_norm, distance(theta.to_vector(), before), 1e-14);
  EXPECT_EQ(report.damping, 0);
  EXPECT_GT(report.reduction_ratio, 0);
  EXPECT_TRUE(std::isnan(report.step_length));

  const auto line = make_optimizer("newton_cg", {{"globalization", "armijo"}, {"damping", 0.5}});
  before = theta.to_vector();
  objective.return_to(theta);
  const double norm_before = norm(objective.gradient().to_vector());
  report = line->step(objective, theta);
  EXPECT_EQ(report.gradient_norm, norm_before);
  EXPECT_EQ(report.damping, 0.5);
  EXPECT_GT(report.step_length, 0);
  EXPECT_NEAR(report.step_norm, distance(theta.to_vector(), before), 1e-14);
  EXPECT_TRUE(std::isnan(report.trust_radius) && std::isnan(report.reduction_ratio));
}

// The gradient at the end of a step is the one at the beginning of the next.
TEST(NewtonCg, DoesNotPayTwiceForAGradient) {
  SmoothObjective objective = quadratic({1, 2, 3}, {1, 1, 1});
  const Tensor theta = Tensor::of({3}, {5, 6, 7});
  const auto optimizer = make_optimizer("newton_cg", {{"tolerance", 0.5}, {"initial_radius", 100}});
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(optimizer->step(objective, theta).reason, Reason::stepped);
    EXPECT_EQ(objective.costs().gradients, 1 + i);
    EXPECT_EQ(objective.costs().values, 0);
  }
}

TEST(NewtonCg, ContinuesBitwiseFromRestoredState) {
  for (const std::string& globalization : globalizations)
    for (const std::string& preconditioner : preconditioners)
      for (const DType type : {DType::float32, DType::float64}) {
        SCOPED_TRACE(globalization + " " + preconditioner);
        const NamedValues values = {
            {"globalization", globalization}, {"preconditioner", preconditioner}, {"forcing", "eisenstat_walker_1"}};
        SmoothObjective objective = chained_rosenbrock(8, 1, type);
        const Tensor theta = Tensor::of({8}, rosenbrock_start(8), type);
        const auto optimizer = make_optimizer("newton_cg", values), fresh = make_optimizer("newton_cg", values);
        for (int i = 0; i < 8; ++i) optimizer->step(objective, theta);
        EXPECT_TRUE(continues_bitwise(*optimizer, *fresh, objective, theta, 5));  // the diagonal is made anew
      }
}

TEST(NewtonCg, UsesGaussNewtonAndTheFisherDiagonalWhereAsked) {
  // Residuals (10 (y - x^2), 1 - x): Rosenbrock as least squares.
  SmoothObjective objective = chained_rosenbrock(2);
  EXPECT_THROW(make_optimizer("newton_cg", {{"curvature", "gauss_newton"}})->step(objective, Tensor::of({2}, {0, 0})),
               std::invalid_argument);
  objective.set_gauss_newton([](const Vector& x, const Vector& v) {
    const double a = 10 * (v[1] - 2 * x[0] * v[0]), b = -v[0];
    return Vector{2 * (-20 * x[0] * a - b), 2 * 10 * a};
  });
  objective.set_squares([](const Vector& x) { return Vector{400 * x[0] * x[0] + 1, 100}; });
  for (const std::string& globalization : globalizations) {
    const Tensor theta = Tensor::of({2}, {-1.2, 1});
    const auto optimizer = make_optimizer("newton_cg", {{"globalization", globalization},
                                                        {"curvature", "gauss_newton"},
                                                        {"preconditioner", "empirical_fisher"},
                                                        {"gradient_tolerance", 1e-8}});
    EXPECT_EQ(run(*optimizer, objective, theta, 100).last.reason, Reason::converged);
  }
}

TEST(NewtonCg, WorksInSinglePrecision) {
  for (const std::string& globalization : globalizations) {
    SCOPED_TRACE(globalization);
    SmoothObjective objective = chained_rosenbrock(10, 1, DType::float32);
    const Tensor theta = Tensor::of({10}, rosenbrock_start(10), DType::float32);
    const auto optimizer =
        make_optimizer("newton_cg", {{"globalization", globalization}, {"gradient_tolerance", 1e-3}});
    EXPECT_EQ(run(*optimizer, objective, theta, 300).last.reason, Reason::converged);
  }
}

}  // namespace
}  // namespace gradus::optim
