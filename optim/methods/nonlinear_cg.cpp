// Nonlinear conjugate gradients with a search for the strong Wolfe conditions.
#include "optim/descents/nonlinear_cg.h"
#include "optim/descent_method.h"

namespace gradus::optim {

Method nonlinear_cg_method() {
  return {
      .name = "nonlinear_cg",
      .source = "Nocedal & Wright (2006), chapter 5.2; Hager & Zhang (2006), a survey",
      .hyperparameters =
          {choice("beta", "polak_ribiere_plus", NonlinearCgDescent::formulas(),
                  "how much of the last direction is kept"),
           count("restart_interval", 0, 0, "steps after which it starts again along the gradient; 0 for never"),
           positive("restart_threshold", 0.5, "starts again where |g.g before| is not smaller than this times g.g"),
           positive("first_step", 1, "length of the first trial step"), gradient_tolerance_hyperparameter(),
           between("wolfe_curvature", 0.1, 0, 1, "share of the slope that the search leaves at most: c2")},
      .make_of_settings = [](const Settings& s) -> std::unique_ptr<Optimizer> {
        return std::make_unique<DescentMethod>(std::make_unique<NonlinearCgDescent>(s),
                                               std::make_unique<StrongWolfe>(s["wolfe_curvature"]),
                                               s["gradient_tolerance"]);
      },
      .family = Family::curvature,
      .formula = R"(d <- -g + beta d;  theta <- theta + a d;  y = g - g before
fletcher_reeves  g.g / (g.g before)
polak_ribiere_plus  max(0, g.y / (g.g before))
hestenes_stiefel  g.y / d.y
dai_yuan  g.g / d.y
hager_zhang  max((y - 2 d y.y / d.y).g / d.y, 0.4 (d.g before) / d.d))",
      .differences =
          "The steps satisfy the strong Wolfe conditions (Moré & Thuente). SciPy's CG is polak_ribiere_plus without "
          "Powell's restarts, and its search also asks that the next direction descends enough. CG_DESCENT goes over "
          "to approximate Wolfe conditions once a step changes the value by less than 0.001 of its average size; "
          "here values count as equal where they are within rounding.",
      .descends = true,
      .retired = {fixed_at("sufficient_decrease", 1e-4), fixed_at("max_evaluations", 40)}};
}

}  // namespace gradus::optim
