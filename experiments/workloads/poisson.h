// Poisson's equation on the unit square: -u_xx - u_yy = 2 pi^2 sin(pi x) sin(pi y), u = 0 on its edges, solved by
// u = sin(pi x) sin(pi y).
#pragma once

#include <cmath>
#include <numbers>

#include "experiments/workloads/mlp.h"
#include "experiments/workloads/physics_informed.h"

namespace gradus::workloads {

struct Poisson {
  static constexpr const char* name = "poisson";
  static constexpr const char* summary =
      "a network whose Laplacian solves Poisson's equation on the unit square (Raissi et al. 2019)";

  PhysicsInformed fit = {.model = Mlp{.hidden = {32}, .activation = "tanh"}};

  lab::Workload make(lab::Run& run) const { return fit.make(run, name, equation()); }

  static Equation equation() {
    using Edge = Equation::Edge;
    constexpr double pi = std::numbers::pi;
    const auto solution = [](double x, double y) { return std::sin(pi * x) * std::sin(pi * y); };
    return {.edges = {Edge::low_first, Edge::high_first, Edge::low_second, Edge::high_second},
            .left_side = [](const FieldAtPoints& u) { return -(u.second_derivative(0) + u.second_derivative(1)); },
            .right_side = [=](double x, double y) { return 2 * pi * pi * solution(x, y); },
            .solution = solution};
  }
};

}  // namespace gradus::workloads
