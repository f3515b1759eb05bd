#include <gtest/gtest.h>

#include "optim/solvers/lbfgs_memory.h"
#include "tests/optim/curvature_problems.h"

namespace gradus::optim {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Pair {
  Vector s, y;
};

// H q by the dense BFGS formula, H <- (I - r s y^T) H (I - r y s^T) + r s s^T from H_0 = (s.y / y.y) I of the newest
// pair.
Vector dense_bfgs(const std::vector<Pair>& pairs, const Vector& q) {
  const std::size_t n = q.size();
  Vector h(n * n);
  const double scale = pairs.empty() ? 1 : dot(pairs.back().s, pairs.back().y) / dot(pairs.back().y, pairs.back().y);
  for (std::size_t i = 0; i < n; ++i) h[i * n + i] = scale;
  for (const auto& [s, y] : pairs) {
    const double r = 1 / dot(s, y);
    Vector hy(n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) hy[i] += h[i * n + j] * y[j];
    const double yhy = dot(y, hy);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j)
        h[i * n + j] += (r * r * yhy + r) * s[i] * s[j] - r * (hy[i] * s[j] + s[i] * hy[j]);
  }
  Vector result(n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) result[i] += h[i * n + j] * q[j];
  return result;
}

Vector minus(const Vector& x, const Vector& y) {
  Vector out(x);
  for (std::size_t i = 0; i < x.size(); ++i) out[i] -= y[i];
  return out;
}

TEST(LbfgsMemory, EqualsTheDenseFormulaOfItsLastPairs) {
  constexpr std::size_t n = 9;
  Vector eigenvalues = random_numbers(n, 1);
  for (double& e : eigenvalues) e = 2 + e;
  const DenseSymmetric a(eigenvalues, 2);
  LbfgsMemory memory(4);
  std::vector<Pair> pairs;
  const Vector q = random_numbers(n, 3);
  for (std::uint64_t i = 0; i < 7; ++i) {
    const Tensor solved = Tensor::of({n}, q);
    memory.solve(solved);
    EXPECT_LT(distance(solved.to_vector(), dense_bfgs(pairs, q)), 1e-12);
    const Vector s = random_numbers(n, 10 + i), y = a.times(s);
    EXPECT_TRUE(memory.add(Tensor::of({n}, s), Tensor::of({n}, y)));
    pairs.push_back({s, y});
    if (pairs.size() > 4) pairs.erase(pairs.begin());
    EXPECT_EQ(memory.count(), std::ssize(pairs));
  }
}

TEST(LbfgsMemory, RefusesPairsOfBadCurvature) {
  LbfgsMemory memory(4);
  const Tensor s = Tensor::of({2}, {1, 0});
  for (const double scale : {1.0, 1e-30, 1e30})
    for (const Vector& y : {Vector{-1, 0}, Vector{0, 1}, Vector{1e-12, 1}, Vector{0, 0}, Vector{nan, 1}}) {
      const Tensor scaled = Tensor::of({2}, {y[0] * scale, y[1] * scale});
      EXPECT_FALSE(memory.add(s, scaled));
      EXPECT_EQ(memory.count(), 0);
    }
  EXPECT_TRUE(memory.add(s, Tensor::of({2}, {1e-30, 0})));
}

TEST(PowellDamping, GivesAFifthOfTheCurvature) {
  const Tensor s = Tensor::of({2}, {1, 1}), bs = Tensor::of({2}, {2, 3}), good = Tensor::of({2}, {1, 0.5}),
               bad = Tensor::of({2}, {-4, 1});
  EXPECT_FALSE(powell_damping(s, bs, good));
  EXPECT_EQ(good.to_vector(), (Vector{1, 0.5}));
  EXPECT_TRUE(powell_damping(s, bs, bad));
  EXPECT_NEAR(bad.at(0) + bad.at(1), 0.2 * 5, 1e-14);
  // t y + (1 - t) B s with t = 0.8 * 5 / (5 + 3).
  EXPECT_NEAR(bad.at(0), 0.5 * -4 + 0.5 * 2, 1e-14);
}

// Each step of the optimizer lies along the direction of the formula, written out, from its own points and step
// lengths.
TEST(Lbfgs, FollowsTheDenseFormulaStepByStep) {
  constexpr std::size_t n = 6, history = 3;
  for (const std::string search : {"strong_wolfe", "armijo"}) {
    SmoothObjective objective = chained_rosenbrock(n);
    const Tensor theta = Tensor::of({n}, rosenbrock_start(n));
    const auto optimizer = make_optimizer("lbfgs", {{"history", 3}, {"line_search", search}});
    std::vector<Pair> pairs;
    for (int i = 0; i < 15; ++i) {
      const Vector x = theta.to_vector();
      objective.return_to(theta);
      const Vector g = objective.gradient().to_vector();
      const StepReport report = optimizer->step(objective, theta);
      ASSERT_EQ(report.reason, Reason::stepped);
      const Vector s = minus(theta.to_vector(), x);
      Vector expected = dense_bfgs(pairs, g);
      for (double& e : expected) e *= -report.step_length;
      EXPECT_LT(distance(s, expected), 1e-8 * norm(s)) << search << " " << i;
      objective.return_to(theta);
      const Vector y = minus(objective.gradient().to_vector(), g);
      if (dot(s, y) > 1e-9 * norm(s) * norm(y)) pairs.push_back({s, y});
      if (pairs.size() > history) pairs.erase(pairs.begin());
    }
  }
}

TEST(Lbfgs, MinimisesRosenbrock) {
  for (const std::int64_t n : {2, 100})
    for (const std::string search : {"strong_wolfe", "armijo"})
      for (const std::string pairs : {"refuse", "powell"}) {
        SCOPED_TRACE(std::to_string(n) + search + pairs);
        SmoothObjective objective = chained_rosenbrock(n);
        const Tensor theta = Tensor::of({n}, rosenbrock_start(static_cast<std::size_t>(n)));
        const auto optimizer =
            make_optimizer("lbfgs", {{"line_search", search}, {"pairs", pairs}, {"gradient_tolerance", 1e-8}});
        EXPECT_EQ(run(*optimizer, objective, theta, 2000).last.reason, Reason::converged);
      }
}

TEST(Lbfgs, TakesTheSamePathWhateverTheScaleOfTheLoss) {
  for (const std::string search : {"strong_wolfe", "armijo", "none"}) {
    const auto path = [&](double scale) {
      SmoothObjective objective = chained_rosenbrock(6, scale);
      const Tensor theta = Tensor::of({6}, rosenbrock_start(6));
      return run(*make_optimizer("lbfgs", {{"line_search", search}, {"pairs", "powell"}}), objective, theta, 20).path;
    };
    EXPECT_EQ(path(0x1p20), path(1));
    EXPECT_EQ(path(0x1p-20), path(1));
  }
}

// Batches: pairs of the same batch, constant steps, damping. The noise changes the curvature from step to step.
TEST(Lbfgs, LearnsFromBatches) {
  int batch = 0;
  SmoothObjective objective(
      [&batch](const Vector& x, Vector& g) {
        double value = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
          const double h =
              std::pow(10.0, static_cast<double>(i % 3)) * (1 + 0.5 * std::sin(batch + static_cast<double>(i)));
          g[i] = h * x[i];
          value += h * x[i] * x[i] / 2;
        }
        return value;
      },
      nullptr, 12);
  const Tensor theta = Tensor::of({12}, random_numbers(12, 4));
  const auto optimizer =
      make_optimizer("lbfgs", {{"line_search", "none"}, {"pairs", "powell"}, {"learning_rate", 0.5}});
  for (; batch < 60; ++batch) {
    objective.invalidate();
    EXPECT_EQ(optimizer->step(objective, theta).reason, Reason::stepped);
  }
  EXPECT_LT(norm(theta.to_vector()), 1e-4);
  EXPECT_EQ(objective.costs().gradients, 120);  // two a step: at both ends, on its batch
}

TEST(Lbfgs, HasAReasonWhereItEnds) {
  SmoothObjective broken(
      [](const Vector& x, Vector& g) {
        g = {1, 1};
        return x == Vector{0, 0} ? 1 : nan;
      },
      nullptr, 2);
  const Tensor theta = Tensor::zeros({2}, DType::float64);
  for (const std::string search : {"strong_wolfe", "armijo", "none"}) {
    EXPECT_EQ(make_optimizer("lbfgs", {{"line_search", search}})->step(broken, theta).reason, Reason::not_finite);
    EXPECT_EQ(theta.to_vector(), (Vector{0, 0}));
  }
  SmoothObjective flat([](const Vector&, Vector& g) { return g = {0, 0}, 1; }, nullptr, 2);
  EXPECT_EQ(make_optimizer("lbfgs")->step(flat, theta).reason, Reason::converged);
}

TEST(Lbfgs, ContinuesBitwiseFromRestoredState) {
  for (const DType type : {DType::float32, DType::float64}) {
    SmoothObjective objective = chained_rosenbrock(8, 1, type);
    const Tensor theta = Tensor::of({8}, rosenbrock_start(8), type);
    const auto optimizer = make_optimizer("lbfgs", {{"history", 4}}), fresh = make_optimizer("lbfgs", {{"history", 4}});
    for (int i = 0; i < 7; ++i) optimizer->step(objective, theta);
    EXPECT_EQ(optimizer->state_bytes(), 2 * 4 * 8 * (type == DType::float32 ? 4 : 8));
    EXPECT_TRUE(continues_bitwise(*optimizer, *fresh, objective, theta, 7));
  }
}

const std::vector<std::string> formulas = {"fletcher_reeves", "polak_ribiere_plus", "hestenes_stiefel", "dai_yuan",
                                           "hager_zhang"};

// beta straight from the papers.
double beta_of(const std::string& formula, const Vector& g, const Vector& before, const Vector& d) {
  const Vector y = minus(g, before);
  if (formula == "fletcher_reeves") return dot(g, g) / dot(before, before);
  if (formula == "polak_ribiere_plus") return std::max(0.0, dot(g, y) / dot(before, before));
  if (formula == "hestenes_stiefel") return dot(g, y) / dot(d, y);
  if (formula == "dai_yuan") return dot(g, g) / dot(d, y);
  Vector z = y;
  for (std::size_t i = 0; i < z.size(); ++i) z[i] -= 2 * d[i] * dot(y, y) / dot(d, y);
  return std::max(dot(z, g) / dot(d, y), 0.4 * dot(d, before) / dot(d, d));
}

TEST(NonlinearCg, FollowsItsFormulaStepByStep) {
  for (const std::string& formula : formulas) {
    SmoothObjective objective = chained_rosenbrock(5);
    const Tensor theta = Tensor::of({5}, rosenbrock_start(5));
    const auto optimizer = make_optimizer("nonlinear_cg", {{"beta", formula}, {"restart_threshold", 0.8}});
    Vector d, before;
    int conjugate = 0;
    for (int i = 0; i < 15; ++i) {
      const Vector x = theta.to_vector();
      objective.return_to(theta);
      const Vector g = objective.gradient().to_vector();
      const StepReport report = optimizer->step(objective, theta);
      ASSERT_EQ(report.reason, Reason::stepped);
      Vector next = g;
      for (double& v : next) v = -v;
      if (i > 0 && std::abs(dot(g, before)) < 0.8 * dot(g, g)) {
        Vector turned = next;
        const double beta = beta_of(formula, g, before, d);
        for (std::size_t j = 0; j < d.size(); ++j) turned[j] += beta * d[j];
        if (dot(turned, g) < 0) {
          next = turned;
          ++conjugate;
        }
      }
      Vector expected = next;
      for (double& v : expected) v *= report.step_length;
      const Vector moved = minus(theta.to_vector(), x);
      EXPECT_LT(distance(moved, expected), 1e-8 * norm(moved)) << formula << " " << i;
      d = next;
      before = g;
    }
    EXPECT_GT(conjugate, 5) << formula;
  }
}

TEST(NonlinearCg, MinimisesRosenbrockWithEveryFormula) {
  for (const std::string& formula : formulas)
    for (const std::int64_t n : {2, 50}) {
      SCOPED_TRACE(formula);
      SmoothObjective objective = chained_rosenbrock(n);
      const Tensor theta = Tensor::of({n}, rosenbrock_start(static_cast<std::size_t>(n)));
      const auto optimizer = make_optimizer("nonlinear_cg", {{"beta", formula}, {"gradient_tolerance", 1e-8}});
      EXPECT_EQ(run(*optimizer, objective, theta, 5000).last.reason, Reason::converged);
    }
}

TEST(NonlinearCg, IsLinearOnAQuadraticWithExactSearches) {
  // n steps for n distinct eigenvalues, as conjugate gradients.
  SmoothObjective objective(
      [](const Vector& x, Vector& g) {
        double value = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
          g[i] = static_cast<double>(i + 1) * x[i];
          value += g[i] * x[i] / 2;
        }
        return value;
      },
      nullptr, 4);
  for (const std::string& formula : formulas) {
    const Tensor theta = Tensor::of({4}, {1, -2, 3, -4});
    const auto optimizer = make_optimizer("nonlinear_cg", {{"beta", formula}, {"wolfe_curvature", 1e-10}});
    for (int i = 0; i < 4; ++i) optimizer->step(objective, theta);
    EXPECT_LT(norm(theta.to_vector()), 1e-6) << formula;
  }
}

TEST(NonlinearCg, ContinuesBitwiseAndIgnoresTheScaleOfTheLoss) {
  for (const std::string& formula : formulas) {
    const NamedValues values{{"beta", formula}, {"restart_interval", 6}};
    const auto path = [&](double scale) {
      SmoothObjective objective = chained_rosenbrock(6, scale);
      const Tensor theta = Tensor::of({6}, rosenbrock_start(6));
      return run(*make_optimizer("nonlinear_cg", values), objective, theta, 20).path;
    };
    EXPECT_EQ(path(0x1p20), path(1)) << formula;
    EXPECT_EQ(path(0x1p-20), path(1)) << formula;
    SmoothObjective objective = chained_rosenbrock(6);
    const Tensor theta = Tensor::of({6}, rosenbrock_start(6));
    const auto optimizer = make_optimizer("nonlinear_cg", values), fresh = make_optimizer("nonlinear_cg", values);
    for (int i = 0; i < 7; ++i) optimizer->step(objective, theta);
    EXPECT_TRUE(continues_bitwise(*optimizer, *fresh, objective, theta, 9)) << formula;
  }
}

}  // namespace
}  // namespace gradus::optim
