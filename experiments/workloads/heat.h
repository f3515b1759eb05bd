// The heat equation: u_t = d u_xx for x and t from 0 to 1, u(x, 0) = sin(pi x) and u = 0 at both ends, solved by
// u = exp(-d pi^2 t) sin(pi x).
#pragma once

#include <cmath>
#include <numbers>

#include "experiments/workloads/mlp.h"
#include "experiments/workloads/physics_informed.h"

namespace gradus::workloads {

struct Heat {
  static constexpr const char* name = "heat";
  static constexpr const char* summary = "a network that solves the heat equation, from a sine to its decay";

  PhysicsInformed fit = {.model = Mlp{.hidden = {32}, .activation = "tanh"}};
  double diffusivity = 0.2;

  lab::Workload make(lab::Run& run) const {
    return fit.make(run, name, equation(run.option("diffusivity", diffusivity, "of the heat", lab::between(1e-6, 10))));
  }

  static Equation equation(double diffusivity) {
    using Edge = Equation::Edge;
    constexpr double pi = std::numbers::pi;
    return {.edges = {Edge::low_first, Edge::high_first, Edge::low_second},
            .left_side = [=](const FieldAtPoints& u) { return u.derivative(1) - diffusivity * u.second_derivative(0); },
            .solution = [=](double x, double t) { return std::exp(-diffusivity * pi * pi * t) * std::sin(pi * x); }};
  }
};

}  // namespace gradus::workloads
