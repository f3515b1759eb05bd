// Hessian-free optimisation and its conjugate gradients.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "optim/solvers/martens_cg.h"
#include "tests/optim/dense_objective.h"

namespace gradus::optim {
namespace {

Vector rosenbrock_hessian(const Vector& theta) {
  const double x = theta[0], y = theta[1];
  return {1200 * x * x - 400 * y + 2, -400 * x, -400 * x, 200};
}
// Twice J^T J of the residuals 10 (y - x^2) and 1 - x.
Vector rosenbrock_gauss_newton(const Vector& theta) {
  const double x = theta[0];
  return {800 * x * x + 2, -400 * x, -400 * x, 200};
}
DenseObjective rosenbrock_objective(double scale = 1) {
  const Problem problem = rosenbrock();
  const auto scaled = [=](const DenseObjective::Matrix& matrix) {
    return [=](const Vector& theta) {
      Vector m = matrix(theta);
      for (double& x : m) x *= scale;
      return m;
    };
  };
  return DenseObjective(
      [=](const Vector& theta, Vector& gradient) {
        const double value = problem.function(theta, gradient);
        for (double& g : gradient) g *= scale;
        return value * scale;
      },
      2, scaled(rosenbrock_hessian), scaled(rosenbrock_gauss_newton));
}

// Steps until the report is final or the gradient small; returns the steps.
int minimize(Optimizer& optimizer, Objective& objective, const Tensor& theta, double gradient_norm, int limit,
             StepReport* last = nullptr) {
  for (int step = 1; step <= limit; ++step) {
    const StepReport report = optimizer.step(objective, theta);
    if (last) *last = report;
    EXPECT_TRUE(std::isfinite(report.loss));
    if (report.is_final() || report.gradient_norm < gradient_norm) return step;
  }
  return limit + 1;
}

TEST(MartensCg, SolvesAndKeepsIteratesAtGrowingDistances) {
  constexpr std::int64_t n = 60;
  const Tensor g = Tensor::zeros({n}, DType::float64);
  for (std::int64_t i = 0; i < n; ++i) g.set(i, std::sin(static_cast<double>(i + 1)));
  MartensCg cg;
  const LinearOperator times{n, DType::float64, [](const Tensor& v, const Tensor& out) {
                               for (std::int64_t i = 0; i < n; ++i) out.set(i, static_cast<double>(1 + i) * v.at(i));
                             }};
  const auto result = cg.minimize(times, g, Tensor(), Tensor(), {250, 1e-14});
  EXPECT_EQ(result.reason, Reason::converged);
  double least = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    EXPECT_NEAR(cg.iterates().back().x.at(i), -g.at(i) / static_cast<double>(1 + i), 1e-9);
    least -= g.at(i) * g.at(i) / static_cast<double>(1 + i) / 2;
  }
  EXPECT_NEAR(cg.iterates().back().model, least, 1e-12);
  std::vector<std::int64_t> kept;
  for (const auto& iterate : cg.iterates()) kept.push_back(iterate.iteration);
  ASSERT_GE(kept.size(), 8u);
  EXPECT_EQ((std::vector<std::int64_t>(kept.begin(), kept.begin() + 7)),
            (std::vector<std::int64_t>{1, 2, 3, 4, 6, 8, 11}));
  EXPECT_EQ(kept.back(), result.iterations);
  for (std::size_t i = 1; i < kept.size(); ++i) EXPECT_LE(cg.iterates()[i].model, cg.iterates()[i - 1].model + 1e-12);

  // A loose tolerance ends earlier; a warm start at the solution at once.
  EXPECT_LT(cg.minimize(times, g, Tensor(), Tensor(), {250, 5e-3}).iterations, result.iterations);
  const Tensor solution = Tensor::zeros({n}, DType::float64);
  for (std::int64_t i = 0; i < n; ++i) solution.set(i, -g.at(i) / static_cast<double>(1 + i));
  EXPECT_LE(cg.minimize(times, g, solution, Tensor(), {250, 1e-6}).iterations, 1);
  // With the exact diagonal for preconditioner, one iteration solves.
  const Tensor diagonal = Tensor::zeros({n}, DType::float64);
  for (std::int64_t i = 0; i < n; ++i) diagonal.set(i, static_cast<double>(1 + i));
  EXPECT_EQ(cg.minimize(times, g, Tensor(), diagonal, {250, 1e-6}).iterations, 1);
}

TEST(MartensCg, GoesAlongNegativeCurvature) {
  const Tensor g = Tensor::of({2}, {1, 1});
  MartensCg cg;
  const auto minimum = [&](const std::function<void(const Tensor& v, const Tensor& out)>& times) {
    return cg.minimize({2, DType::float64, times}, g, Tensor(), Tensor(), {});
  };
  const auto result = minimum([](const Tensor& v, const Tensor& out) {
    out.set(0, -3 * v.at(0));
    out.set(1, v.at(1));
  });
  EXPECT_EQ(result.reason, Reason::negative_curvature);
  EXPECT_LT(cg.iterates().back().model, 0);
  const auto flat = minimum([](const Tensor&, const Tensor& out) { out.fill(0); });
  EXPECT_EQ(flat.reason, Reason::negative_curvature);
  EXPECT_LT(cg.iterates().back().x.at(0), 0);
  const auto bad = minimum([](const Tensor&, const Tensor& out) { out.fill(std::nan("")); });
  EXPECT_EQ(bad.reason, Reason::not_finite);
}

TEST(HessianFree, SolvesAQuadraticInAFewSteps) {
  Vector curvature;
  for (int i = 0; i < 20; ++i) curvature.push_back(std::pow(10, -2 + 4 * i / 19.0));
  for (const char* matrix : {"gauss_newton", "hessian"}) {
    DenseObjective objective = diagonal_quadratic(curvature);
    const auto optimizer =
        make_optimizer("hessian_free", {{"curvature", matrix}, {"preconditioner", "none"}, {"initial_damping", 1e-3}});
    const Tensor theta = Tensor::full({20}, 1, DType::float64);
    EXPECT_LE(minimize(*optimizer, objective, theta, 1e-8, 40), 40) << matrix;
  }
}

TEST(HessianFree, FillsItsReport) {
  DenseObjective objective = diagonal_quadratic({1, 10});
  const auto optimizer = make_optimizer("hessian_free", {{"initial_damping", 0.5}, {"preconditioner", "none"}});
  const Tensor theta = Tensor::of({2}, {1, 1});
  const StepReport report = optimizer->step(objective, theta);
  EXPECT_EQ(report.loss, 5.5);
  EXPECT_EQ(report.reason, Reason::stepped);
  EXPECT_EQ(report.inner_reason, Reason::converged);
  EXPECT_EQ(report.inner_iterations, 2);
  EXPECT_EQ(report.damping, 0.5);
  EXPECT_EQ(report.step_length, 1);
  EXPECT_NEAR(report.gradient_norm, std::sqrt(101), 1e-12);
  // The step solves (H + damping I) d = -g; the model without damping is the function itself.
  EXPECT_NEAR(theta.at(0), 1 - 1 / 1.5, 1e-12);
  EXPECT_NEAR(theta.at(1), 1 - 10 / 10.5, 1e-12);
  EXPECT_NEAR(report.reduction_ratio, 1, 1e-12);
  EXPECT_NEAR(optimizer->step(objective, theta).damping, 0.5 / 1.5, 1e-12);
}

TEST(HessianFree, MinimisesRosenbrockAtAnyScale) {
  for (const char* matrix : {"gauss_newton", "hessian"})
    for (const double scale : {1.0, 1e6, 1e-6}) {
      DenseObjective objective = rosenbrock_objective(scale);
      const auto optimizer = make_optimizer(
          "hessian_free", {{"curvature", matrix}, {"initial_damping", scale}, {"preconditioner", "none"}});
      const Tensor theta = Tensor::of({2}, {-1.2, 1});
      EXPECT_LE(minimize(*optimizer, objective, theta, 1e-6 * scale, 200), 200) << matrix << " " << scale;
      EXPECT_NEAR(theta.at(0), 1, 1e-4) << matrix << " " << scale;
    }
  // A damping that does not fit the scale costs steps, and nothing else.
  for (const double scale : {1e6, 1e-6}) {
    DenseObjective objective = rosenbrock_objective(scale);
    const auto optimizer = make_optimizer("hessian_free");
    const Tensor theta = Tensor::of({2}, {-1.2, 1});
    minimize(*optimizer, objective, theta, 1e-6 * scale, 400);
    EXPECT_NEAR(theta.at(0), 1, 1e-2) << scale;
  }
}

TEST(HessianFree, LeavesASaddle) {
  // (x^2 - 1)^2 / 4 + y^2 / 2 has a saddle at the origin, where the gradient is zero.
  const auto well = [] {
    return DenseObjective(
        [](const Vector& t, Vector& g) {
          const double u = t[0] * t[0] - 1;
          g[0] = u * t[0];
          g[1] = t[1];
          return u * u / 4 + t[1] * t[1] / 2;
        },
        2,
        [](const Vector& t) {
          return Vector{3 * t[0] * t[0] - 1, 0, 0, 1};
        });
  };
  DenseObjective objective = well();
  const NamedValues values{{"curvature", "hessian"}, {"preconditioner", "none"}, {"initial_damping", 1e-3}};
  const Tensor theta = Tensor::of({2}, {1e-6, 0.5});
  const auto optimizer = make_optimizer("hessian_free", values);
  bool negative = false;
  for (int i = 0; i < 60; ++i) {
    const StepReport report = optimizer->step(objective, theta);
    negative = negative || report.inner_reason == Reason::negative_curvature;
  }
  EXPECT_TRUE(negative);
  EXPECT_NEAR(std::abs(theta.at(0)), 1, 1e-6);
  theta.fill(0);
  const auto fresh = make_optimizer("hessian_free", values);
  EXPECT_EQ(fresh->step(objective, theta).reason, Reason::converged);
  EXPECT_EQ(theta.at(0), 0);
}

TEST(HessianFree, ReportsWhatIsNotFiniteAndStays) {
  const double bad = std::nan("");
  const Vector start{1, 2};
  for (const bool in_product : {false, true}) {
    DenseObjective objective([=](const Vector& t, Vector& g) { return g = t, in_product ? 1.0 : bad; }, 2,
                             [=](const Vector&) { return Vector(4, bad); },
                             [=](const Vector&) { return Vector(4, bad); });
    const Tensor theta = Tensor::of({2}, start);
    const auto optimizer = make_optimizer("hessian_free");
    EXPECT_EQ(optimizer->step(objective, theta).reason, Reason::not_finite);
    EXPECT_EQ(theta.to_vector(), start);
  }
}

TEST(HessianFree, SaysWhatItNeeds) {
  FunctionObjective objective(rosenbrock().function, 2, DType::float64);
  const Tensor theta = Tensor::of({2}, {-1.2, 1});
  EXPECT_THROW(make_optimizer("hessian_free")->step(objective, theta), std::invalid_argument);
  DenseObjective dense = rosenbrock_objective();
  EXPECT_THROW(make_optimizer("hessian_free", {{"structural_damping", 0.1}})->step(dense, theta),
               std::invalid_argument);
}

TEST(HessianFree, ContinuesWithTheSameBits) {
  DenseObjective objective = rosenbrock_objective();
  const Tensor theta = Tensor::of({2}, {-1.2, 1});
  const auto optimizer = make_optimizer("hessian_free");
  for (int i = 0; i < 4; ++i) optimizer->step(objective, theta);
  const auto fresh = continued(*optimizer, "hessian_free");
  const Tensor other = theta.clone();
  for (int i = 0; i < 5; ++i) optimizer->step(objective, theta), fresh->step(objective, other);
  EXPECT_EQ(theta.to_vector(), other.to_vector());
}

}  // namespace
}  // namespace gradus::optim
