// Newton-CG, truncated Newton: a step minimises the model g.p + p.H p / 2 as accurately as it pays.
#pragma once

#include "optim/descent_method.h"
#include "optim/solvers/forcing.h"
#include "optim/solvers/newton_preconditioner.h"

namespace gradus::optim {

struct NewtonCg {
  enum class Globalization { armijo, strong_wolfe, trust_region, trust_region_lanczos };
  enum class Matrix { hessian, gauss_newton, empirical_fisher };

  Globalization globalization = Globalization::trust_region_lanczos;
  Matrix curvature = Matrix::hessian;
  Forcing::Kind forcing = Forcing::Kind::superlinear;
  double tolerance = 0.5;
  std::int64_t max_inner_iterations = 250;
  double damping = 0, gradient_tolerance = 0;
  NewtonPreconditioner::Kind preconditioner = NewtonPreconditioner::Kind::none;
  double initial_radius = 1;

  static constexpr Family family = Family::curvature;
  static constexpr Description describe() {
    return {
        .name = "newton_cg",
        .source = "Dembo & Steihaug (1983); Steihaug (1983); Gould, Lucidi, Roma & Toint (1999)",
        .formula = R"(
            p <- argmin g.p + p.H p / 2, by conjugate gradients until |g + H p| <= eta |g|
            line search:  theta <- theta + a p, with the first a = 1
            trust region:  |p| <= radius;  theta <- theta + p if the value falls as the model says
            )",
        .differences = R"(
            SciPy's Newton-CG and trust-ncg compare the root of the gradient's size with 0.5 for the accuracy of a step,
            and Newton-CG compares curvature with a fixed number, so that their paths depend on the loss's scale; here
            every test is relative. SciPy's Newton-CG steps along -g or the steps so far where it finds negative
            curvature; here the direction of negative curvature is followed too. After a rejection, trust_region_lanczos
            solves for the smaller radius in the space it has, without further products.
            )",
        .fields = {field<&NewtonCg::globalization>(
                       one_of({"armijo", "strong_wolfe", "trust_region", "trust_region_lanczos"}),
                       "armijo and strong_wolfe search along the step; trust_region is Steihaug's and Toint's, "
                       "trust_region_lanczos GLTR"),
                   field<&NewtonCg::curvature>(one_of({"hessian", "gauss_newton", "empirical_fisher"}),
                                               "the matrix of the model"),
                   field<&NewtonCg::forcing>(Forcing::kinds(), "how the accuracy of a step follows the gradient"),
                   field<&NewtonCg::tolerance>(
                       between(0, 1), "the inner solver's, relative to the gradient: the fixed one, or the largest"),
                   field<&NewtonCg::max_inner_iterations>(at_least(1), "products for a step"),
                   field<&NewtonCg::damping>(non_negative(), "added to the curvature's diagonal"),
                   gradient_tolerance_field<&NewtonCg::gradient_tolerance>(),
                   field<&NewtonCg::preconditioner>(NewtonPreconditioner::kinds(),
                                                    "of the inner solver; empirical_fisher needs gradient_squares"),
                   field<&NewtonCg::initial_radius>(positive(), "of the trust region, in the preconditioner's norm")},
        .descends = true,
        .retired = {fixed_at("boundary_tolerance", 0.1), fixed_at("sufficient_decrease", 1e-4),
                    fixed_at("wolfe_curvature", 0.9), fixed_at("max_evaluations", 40), fixed_at("probes", 10),
                    fixed_at("preconditioner_interval", 10), fixed_at("history", 10), fixed_at("largest_radius", 1e10),
                    fixed_at("acceptance", 1e-4), drawn_from_stream("seed")}};
  }
  std::unique_ptr<Descent> descent(const RandomStream& stream) const;
  std::unique_ptr<Search> search() const;
};

}  // namespace gradus::optim
