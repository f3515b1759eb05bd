// Burgers' equation: u_t + u u_x = v u_xx for x from -1 to 1 and t from 0 to 1, u(x, 0) = -sin(pi x) and u = 0 at both
// ends. For small v a front stands at x = 0. Basdevant et al. (1986); Raissi et al. (2019).
#pragma once

#include "experiments/workloads/mlp.h"
#include "experiments/workloads/physics_informed.h"

namespace gradus::workloads {

struct Burgers {
  static constexpr const char* name = "burgers";
  static constexpr const char* summary = "a network that solves Burgers' equation, whose sine becomes a front";

  PhysicsInformed fit = {.model = Mlp{.hidden = {20, 20}, .activation = "tanh"}};
  double viscosity = 0.03;

  lab::Workload make(lab::Run& run) const {
    return fit.make(run, name,
                    equation(run.option("viscosity", viscosity, "that rounds the front; 0.00318 of the papers",
                                        lab::between(1e-3, 1))));
  }

  static Equation equation(double viscosity) {
    using Edge = Equation::Edge;
    return {.low = {-1, 0},
            .high = {1, 1},
            .edges = {Edge::low_first, Edge::high_first, Edge::low_second},
            .left_side =
                [=](const FieldAtPoints& u) {
                  return u.derivative(1) + u.value() * u.derivative(0) - viscosity * u.second_derivative(0);
                },
            .solution = [=](double x, double t) { return solution(x, t, viscosity); }};
  }

  // By the transformation of Cole and Hopf: the ratio of two integrals.
  static double solution(double x, double t, double viscosity);
};

}  // namespace gradus::workloads
