// Nonlinear conjugate gradients with a search for the strong Wolfe conditions.
#pragma once

#include "optim/descent_method.h"

namespace gradus::optim {

struct NonlinearCg {
  // Fletcher & Reeves (1964); Polak & Ribière (1969), with beta >= 0 as Gilbert & Nocedal (1992); Hestenes & Stiefel
  // (1952); Dai & Yuan (1999); Hager & Zhang (2005), with the lower bound of their (2013).
  enum class Beta { fletcher_reeves, polak_ribiere_plus, hestenes_stiefel, dai_yuan, hager_zhang };

  Beta beta = Beta::polak_ribiere_plus;
  std::int64_t restart_interval = 0;
  double restart_threshold = 0.5, first_step = 1, gradient_tolerance = 0, wolfe_curvature = 0.1;

  static constexpr Family family = Family::curvature;
  static constexpr Description describe() {
    return {.name = "nonlinear_cg",
            .source = "Nocedal & Wright (2006), chapter 5.2; Hager & Zhang (2006), a survey",
            .formula = R"(
            d <- -g + beta d;  theta <- theta + a d;  y = g - g before
            fletcher_reeves  g.g / (g.g before)
            polak_ribiere_plus  max(0, g.y / (g.g before))
            hestenes_stiefel  g.y / d.y
            dai_yuan  g.g / d.y
            hager_zhang  max((y - 2 d y.y / d.y).g / d.y, 0.4 (d.g before) / d.d)
            )",
            .differences = R"(
            The steps satisfy the strong Wolfe conditions (Moré & Thuente). SciPy's CG is polak_ribiere_plus without
            Powell's restarts, and its search also asks that the next direction descends enough. CG_DESCENT goes over
            to approximate Wolfe conditions once a step changes the value by less than 0.001 of its average size;
            here values count as equal where they are within rounding.
            )",
            .fields = {field<&NonlinearCg::beta>(one_of({"fletcher_reeves", "polak_ribiere_plus", "hestenes_stiefel",
                                                         "dai_yuan", "hager_zhang"}),
                                                 "how much of the last direction is kept"),
                       field<&NonlinearCg::restart_interval>(
                           at_least(0), "steps after which it starts again along the gradient; 0 for never"),
                       field<&NonlinearCg::restart_threshold>(
                           positive(), "starts again where |g.g before| is not smaller than this times g.g"),
                       field<&NonlinearCg::first_step>(positive(), "length of the first trial step"),
                       gradient_tolerance_field<&NonlinearCg::gradient_tolerance>(),
                       field<&NonlinearCg::wolfe_curvature>(between(0, 1),
                                                            "share of the slope that the search leaves at most: c2")},
            .descends = true,
            .retired = {fixed_at("sufficient_decrease", 1e-4), fixed_at("max_evaluations", 40)}};
  }
  std::unique_ptr<Descent> descent(const RandomStream&) const;
  std::unique_ptr<Search> search() const { return std::make_unique<StrongWolfe>(&wolfe_curvature); }
};

}  // namespace gradus::optim
