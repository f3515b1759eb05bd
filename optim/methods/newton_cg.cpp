// Newton-CG, truncated Newton: a step minimises the model g.p + p.H p / 2 by conjugate gradients, as accurately as it
// pays. Dembo & Steihaug (1983); Nocedal & Wright (2006), chapters 7.1 and 4; GLTR: Gould, Lucidi, Roma & Toint (1999).
#include "optim/descent_method.h"
#include "optim/descents/newton.h"

namespace gradus::optim {
namespace {

std::unique_ptr<Optimizer> make(const Settings& s) {
  const std::string globalization = s.choice("globalization");
  NewtonModel model{.method = "newton_cg",
                    .matrix = s.choice("curvature") == "hessian" ? &Curvature::hessian : &Curvature::gauss_newton,
                    .damping = s["damping"],
                    .forcing = Forcing(s),
                    .preconditioners = std::make_unique<NewtonPreconditioner>(s),
                    .max_products = s.count("max_inner_iterations")};
  std::unique_ptr<Descent> descent;
  std::unique_ptr<Search> search;
  if (globalization == "trust_region")
    descent = std::make_unique<SteihaugDescent>(std::move(model));
  else if (globalization == "trust_region_lanczos")
    descent = std::make_unique<LanczosDescent>(std::move(model));
  else
    descent = std::make_unique<ConjugateGradientDescent>(std::move(model));
  if (globalization == "armijo")
    search = std::make_unique<Armijo>();
  else if (globalization == "strong_wolfe")
    search = std::make_unique<StrongWolfe>(0.9);  // loose, as the first step is nearly always the right one
  else
    search = std::make_unique<TrustRegion>(s["initial_radius"]);
  return std::make_unique<DescentMethod>(std::move(descent), std::move(search), s["gradient_tolerance"]);
}

}  // namespace

Method newton_cg_method() {
  return {
      .name = "newton_cg",
      .source = "Dembo & Steihaug (1983); Steihaug (1983); Gould, Lucidi, Roma & Toint (1999)",
      .hyperparameters = {choice(
                              "globalization", "trust_region_lanczos",
                              {"armijo", "strong_wolfe", "trust_region", "trust_region_lanczos"},
                              "armijo and strong_wolfe search along the step; trust_region is Steihaug's and Toint's, "
                              "trust_region_lanczos GLTR"),
                          choice("curvature", "hessian", {"hessian", "gauss_newton"}, "the matrix of the model"),
                          Forcing::choice_hyperparameter("superlinear"),
                          between("tolerance", 0.5, 0, 1,
                                  "the inner solver's, relative to the gradient: the fixed one, or the largest"),
                          count("max_inner_iterations", 250, 1, "products for a step"),
                          non_negative("damping", 0, "added to the curvature's diagonal"),
                          gradient_tolerance_hyperparameter(), NewtonPreconditioner::choice_hyperparameter(),
                          positive("initial_radius", 1, "of the trust region, in the preconditioner's norm")},
      .make_of_settings = make,
      .family = Family::curvature,
      .formula = R"(p <- argmin g.p + p.H p / 2, by conjugate gradients until |g + H p| <= eta |g|
line search:  theta <- theta + a p, with the first a = 1
trust region:  |p| <= radius;  theta <- theta + p if the value falls as the model says)",
      .differences =
          "SciPy's Newton-CG and trust-ncg compare the root of the gradient's size with 0.5 for the accuracy of a "
          "step, and Newton-CG compares curvature with a fixed number, so that their paths depend on the loss's "
          "scale; here every test is relative. SciPy's Newton-CG steps along -g or the steps so far where it finds "
          "negative curvature; here the direction of negative curvature is followed too. After a rejection, "
          "trust_region_lanczos solves for the smaller radius in the space it has, without further products.",
      .descends = true,
      .retired = {fixed_at("boundary_tolerance", 0.1), fixed_at("sufficient_decrease", 1e-4),
                  fixed_at("wolfe_curvature", 0.9), fixed_at("max_evaluations", 40), fixed_at("probes", 10),
                  fixed_at("preconditioner_interval", 10), fixed_at("history", 10), fixed_at("largest_radius", 1e10),
                  fixed_at("acceptance", 1e-4), drawn_from_stream("seed")}};
}

}  // namespace gradus::optim
