// L-BFGS: along -H g with H the limited-memory BFGS approximation.
#pragma once

#include "optim/descent_method.h"

namespace gradus::optim {

struct Lbfgs {
  enum class LineSearch { strong_wolfe, armijo, none };
  enum class Pairs { refuse, powell };

  std::int64_t history = 10;
  LineSearch line_search = LineSearch::strong_wolfe;
  Pairs pairs = Pairs::refuse;
  double learning_rate = 1, first_step = 1, gradient_tolerance = 0;

  static constexpr Family family = Family::curvature;
  static constexpr Description describe() {
    return {.name = "lbfgs",
            .source =
                "Liu & Nocedal (1989); Nocedal & Wright (2006), Algorithms 7.4 and 7.5; Moré & Thuente (1994); "
                "Powell (1978)",
            .formula = R"(
            p <- -H g, H from the pairs (s, y) by the two loops
            theta <- theta + a p;  s = a p;  y = g(theta + a p) - g(theta), on the same batch
            )",
            .differences = R"(
            A pair with s.y <= 0.01 sqrt(epsilon) |s| |y| is refused, a test that does not depend on scales; PyTorch
            compares s.y with 1e-10. With pairs=powell, y is moved towards B s where s.y < 0.2 s.B s. Where a search
            fails the pairs are dropped and the gradient is tried; SciPy's L-BFGS-B does so too, PyTorch takes the
            lower end of its bracket and stops only where the step or the loss hardly changes. The gradient is asked
            again on the same batch at the end of a step, and is not paid again if the next step has the same data.
            With line_search=none a step may rise.
            )",
            .fields = {field<&Lbfgs::history>(at_least(1), "pairs that are kept"),
                       field<&Lbfgs::line_search>(one_of({"strong_wolfe", "armijo", "none"}),
                                                  "how far to go; none takes learning_rate, for batches"),
                       field<&Lbfgs::pairs>(one_of({"refuse", "powell"}),
                                            "what to do with little or negative curvature; powell for batches"),
                       field<&Lbfgs::learning_rate>(positive(), "the first trial along the direction"),
                       field<&Lbfgs::first_step>(positive(), "length of the first trial step where there are no pairs"),
                       gradient_tolerance_field<&Lbfgs::gradient_tolerance>()},
            .descends = true,
            .retired = {fixed_at("sufficient_decrease", 1e-4), fixed_at("wolfe_curvature", 0.9),
                        fixed_at("max_evaluations", 40)}};
  }
  std::unique_ptr<Descent> descent(const RandomStream&) const;
  std::unique_ptr<Search> search() const;
};

}  // namespace gradus::optim
