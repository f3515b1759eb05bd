#include "experiments/workloads/physics_informed.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "autodiff/operations.h"
#include "experiments/lab/trainer.h"
#include "experiments/workloads/advection.h"
#include "experiments/workloads/burgers.h"
#include "experiments/workloads/heat.h"
#include "experiments/workloads/poisson.h"
#include "optim/optimizer.h"
#include "tests/workloads/runs.h"

namespace gradus::workloads {
namespace {

constexpr double pi = std::numbers::pi;

// u = x^2 y + y^3.
struct Cubic {
  void declare(nn::ParameterScope&) {}
  Var forward(nn::Forward&, const Var& points) const {
    const Var x = slice(points, 1, 0, 1), y = slice(points, 1, 1, 1);
    return x * x * y + y * y * y;
  }
};

// The left side of an equation for the cubic at (0.3, 0.6) and (0.5, 0.25), and u there.
Tensor of_cubic(const Equation& equation) {
  Tape tape(DType::float64);
  const std::vector<Var> none;
  nn::Forward f(none, nn::Mode::train, RandomStream(0));
  const Var points = tape.leaf(Tensor::of({2, 2}, {0.3, 0.6, 0.5, 0.25}));
  return Tensor(LeftSide(Cubic{}, equation).forward(f, points).value()).clone();
}

TEST(PhysicsInformed, TakesTheDerivativesOfAnyLayer) {
  const struct {
    Equation equation;
    double (*left_side)(double u, double u_x, double u_y, double u_xx, double u_yy);
  } cases[] = {{Poisson::equation(), [](double, double, double, double u_xx, double u_yy) { return -u_xx - u_yy; }},
               {Heat::equation(0.5), [](double, double, double u_y, double u_xx, double) { return u_y - 0.5 * u_xx; }},
               {Advection::equation(3), [](double, double u_x, double u_y, double, double) { return u_y + 3 * u_x; }},
               {Burgers::equation(0.1),
                [](double u, double u_x, double u_y, double u_xx, double) { return u_y + u * u_x - 0.1 * u_xx; }}};
  const double places[2][2] = {{0.3, 0.6}, {0.5, 0.25}};
  for (const auto& one : cases) {
    const Tensor out = of_cubic(one.equation);
    for (int row = 0; row < 2; ++row) {
      const double x = places[row][0], y = places[row][1], u = x * x * y + y * y * y;
      EXPECT_NEAR(out.at(2 * row), one.left_side(u, 2 * x * y, x * x + 3 * y * y, 2 * y, 6 * y), 1e-13);
      EXPECT_NEAR(out.at(2 * row + 1), u, 1e-15);
    }
  }
}

// By differences of the solution, at places within.
TEST(PhysicsInformed, SolutionsSolveTheirEquations) {
  constexpr double h = 1e-4;
  const auto residual = [&](const Equation& e, auto&& left_side) {
    double largest = 0;
    for (const double x : {0.11, 0.37, 0.52, 0.93})
      for (const double y : {0.08, 0.41, 0.77}) {
        const double u = e.solution(x, y);
        const double u_x = (e.solution(x + h, y) - e.solution(x - h, y)) / (2 * h);
        const double u_y = (e.solution(x, y + h) - e.solution(x, y - h)) / (2 * h);
        const double u_xx = (e.solution(x + h, y) - 2 * u + e.solution(x - h, y)) / (h * h);
        const double u_yy = (e.solution(x, y + h) - 2 * u + e.solution(x, y - h)) / (h * h);
        largest = std::max(largest, std::abs(left_side(u, u_x, u_y, u_xx, u_yy) - e.right_side(x, y)));
      }
    return largest;
  };
  EXPECT_LT(residual(Poisson::equation(), [](double, double, double, double xx, double yy) { return -xx - yy; }), 1e-5);
  EXPECT_LT(residual(Heat::equation(0.2), [](double, double, double t, double xx, double) { return t - 0.2 * xx; }),
            1e-5);
  EXPECT_LT(residual(Advection::equation(2), [](double, double x, double t, double, double) { return t + 2 * x; }),
            1e-5);
  EXPECT_LT(residual(Burgers::equation(0.05),
                     [](double u, double x, double t, double xx, double) { return t + u * x - 0.05 * xx; }),
            1e-4);
}

// Basdevant et al. (1986): for v = 0.01 / pi the front is steepest at t = 1.6037 / pi, with a slope of -152.00516.
TEST(PhysicsInformed, BurgersFrontHasThePublishedSlope) {
  constexpr double viscosity = 0.01 / pi, t = 1.6037 / pi, h = 1e-6;
  const double slope = (Burgers::solution(h, t, viscosity) - Burgers::solution(-h, t, viscosity)) / (2 * h);
  EXPECT_NEAR(slope, -152.00516, 0.001);
  EXPECT_DOUBLE_EQ(Burgers::solution(0.25, 0, viscosity), -std::sin(pi * 0.25));
  EXPECT_NEAR(Burgers::solution(1, 0.5, viscosity), 0, 1e-9);
}

TEST(PhysicsInformed, LossIsTheMeanOverThePointsWithinAndThatOnTheEdges) {
  lab::Run run = run_with({"--points=50", "--edge-points=20"}, "float64");
  const lab::Workload workload = Burgers{}.make(run);
  const lab::Batch all = workload.data.train.rows(0, 70, DType::float64);
  double within = 0, on_edges = 0;
  const Tensor outputs = Tensor::zeros({70, 2}, DType::float64);
  for (std::int64_t row = 0; row < 70; ++row) {
    const double x = all.inputs.at(2 * row), t = all.inputs.at(2 * row + 1);
    ASSERT_TRUE(x >= -1 && x <= 1 && t >= 0 && t <= 1);
    if (row >= 50) {
      EXPECT_TRUE(x == -1 || x == 1 || t == 0);
    }
    outputs.set(2 * row, 0.1 * x);
    outputs.set(2 * row + 1, t - 0.2);
    const double error = t - 0.2 - Burgers::solution(x, t, 0.03);
    (row < 50 ? within : on_edges) += row < 50 ? 0.01 * x * x / 50 : error * error / 20;
  }
  Tape tape(DType::float64);
  EXPECT_NEAR(workload.loss(tape.leaf(outputs), tape.leaf(all.targets)).value().at(0), within + on_edges, 1e-12);
}

TEST(PhysicsInformed, EachIsSolved) {
  const auto error = [](const auto& kind, const char* hidden) {
    lab::Run run = run_with({hidden, "--points=150", "--edge-points=60"}, "float64");
    const lab::Workload workload = kind.make(run);
    const auto method = optim::make_optimizer("lbfgs", {{"history", 50}});
    lab::Trainer trainer(run, workload.model(lab::task_of(workload.data.train)), workload.loss, *method);
    const lab::Batch all = workload.data.train.rows(0, 210, DType::float64);
    for (int step = 0; step < 600; ++step) trainer.step(all);
    return trainer.evaluate(workload.data.test, workload.metrics)[1];
  };
  EXPECT_LT(error(Poisson{}, "--hidden=12"), 0.03);
  EXPECT_LT(error(Heat{}, "--hidden=12"), 0.03);
  EXPECT_LT(error(Advection{}, "--hidden=12"), 0.05);
  EXPECT_LT(error(Burgers{.viscosity = 0.3}, "--hidden=8,8"), 0.05);
}

}  // namespace
}  // namespace gradus::workloads
