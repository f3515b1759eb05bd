// A wave that is carried along: u_t + c u_x = 0 for x and t from 0 to 1, given at t = 0 and where it flows in, solved
// by u = sin(2 pi (x - c t)). The faster, the harder for a network (Krishnapriyan et al. 2021).
#pragma once

#include <cmath>
#include <numbers>

#include "experiments/workloads/mlp.h"
#include "experiments/workloads/physics_informed.h"

namespace gradus::workloads {

struct Advection {
  static constexpr const char* name = "advection";
  static constexpr const char* summary =
      "a network that solves the advection of a sine, of one wavelength (Krishnapriyan et al. 2021)";

  PhysicsInformed fit = {.model = Mlp{.hidden = {32}, .activation = "tanh"}};
  double speed = 1;

  lab::Workload make(lab::Run& run) const {
    return fit.make(run, name,
                    equation(run.option("speed", speed, "in wavelengths for a unit of time", lab::between(0, 1000))));
  }

  static Equation equation(double speed) {
    using Edge = Equation::Edge;
    return {.edges = {Edge::low_first, Edge::low_second},
            .left_side = [=](const FieldAtPoints& u) { return u.derivative(1) + speed * u.derivative(0); },
            .solution = [=](double x, double t) { return std::sin(2 * std::numbers::pi * (x - speed * t)); }};
  }
};

}  // namespace gradus::workloads
