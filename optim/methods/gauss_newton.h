// Gauss-Newton and Levenberg-Marquardt on Gauss-Newton products, for least squares and every other loss that is convex
// in the outputs.
#pragma once

#include "optim/descent_method.h"

namespace gradus::optim {
namespace detail {

// Of the inner solver of both.
template <class M>
constexpr std::vector<settings::Field> solver_fields() {
  return {field<&M::tolerance>(between(0, 1), "of the inner solver, relative to the gradient"),
          field<&M::max_inner_iterations>(at_least(1), "products for a solution"),
          gradient_tolerance_field<&M::gradient_tolerance>()};
}

}  // namespace detail

struct GaussNewton {
  double tolerance = 1e-2;
  std::int64_t max_inner_iterations = 1000;
  double gradient_tolerance = 0;

  static constexpr Family family = Family::curvature;
  static constexpr Description describe() {
    return {.name = "gauss_newton",
            .source = "Nocedal & Wright (2006), chapter 10.3",
            .formula = "G p = -g, by conjugate gradients;  theta <- theta + a p, with the first a = 1",
            .differences = R"(
            With the tolerance that it has by default the iterations end before they follow directions of hardly any
            curvature as far as the model goes, and then search along them for a short way; with 1e-10 the step is the
            exact one, whatever the units, and where G is singular the shortest one, as by a pseudo-inverse.
            )",
            .fields = detail::solver_fields<GaussNewton>(),
            .descends = true,
            .retired = {fixed_at("sufficient_decrease", 1e-4), fixed_at("max_evaluations", 40)}};
  }
  std::unique_ptr<Descent> descent(const RandomStream&) const;
  std::unique_ptr<Search> search() const { return std::make_unique<Armijo>(); }
};

struct LevenbergMarquardt {
  double tolerance = 1e-10;
  std::int64_t max_inner_iterations = 1000;
  double gradient_tolerance = 0, initial_damping = 1e-3;
  Damping::Rule update = Damping::Rule::nielsen;

  static constexpr Family family = Family::curvature;
  static constexpr Description describe() {
    std::vector<settings::Field> fields = detail::solver_fields<LevenbergMarquardt>();
    fields.push_back(
        field<&LevenbergMarquardt::initial_damping>(positive(), "the first damping over the curvature g.G g / g.g"));
    fields.push_back(
        field<&LevenbergMarquardt::update>(one_of({"nielsen", "marquardt"}), "of the damping after a step"));
    return {.name = "levenberg_marquardt",
            .source = "Levenberg (1944); Marquardt (1963); Nielsen (1999), eq. 2.4",
            .formula = R"(
        (G + damping I) p = -g;  ratio = (f(theta) - f(theta + p)) / (model's reduction, undamped)
        nielsen:  damping *= max(1/3, 1 - (2 ratio - 1)^3), growth = 2 if taken;  else damping *= growth, growth *= 2
        marquardt:  damping *= 1/10 if taken, else 10
        )",
            .differences = R"(
            The damping is of Levenberg's form, a multiple of the identity; MINPACK's lmder scales it by the columns of
            J and chooses it by a trust region.
            )",
            .fields = fields,
            .descends = true,
            .retired = {fixed_at("acceptance", 1e-4), fixed_at("max_evaluations", 40)}};
  }
  std::unique_ptr<Descent> descent(const RandomStream&) const;
  std::unique_ptr<Search> search() const { return std::make_unique<Damping>(&initial_damping, update); }
};

}  // namespace gradus::optim
