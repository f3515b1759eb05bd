// L-BFGS. Nocedal (1980); Liu & Nocedal (1989); Nocedal & Wright (2006), Algorithms 7.4 and 7.5; multi-batch: Berahas,
// Nocedal & Takac (2016), with Powell's (1978) damping of the pairs.
#include "optim/descents/lbfgs.h"
#include "optim/descent_method.h"

namespace gradus::optim {
namespace {

std::unique_ptr<Search> make_search(const std::string& name) {
  if (name == "armijo") return std::make_unique<Armijo>();
  if (name == "none") return std::make_unique<Fixed>();
  return std::make_unique<StrongWolfe>(0.9);  // what Nocedal & Wright use
}

}  // namespace

Method lbfgs_method() {
  return {
      .name = "lbfgs",
      .source =
          "Liu & Nocedal (1989); Nocedal & Wright (2006), Algorithms 7.4 and 7.5; Moré & Thuente (1994); Powell "
          "(1978)",
      .hyperparameters = {count("history", 10, 1, "pairs that are kept"),
                          choice("line_search", "strong_wolfe", {"strong_wolfe", "armijo", "none"},
                                 "how far to go; none takes learning_rate, for batches"),
                          choice("pairs", "refuse", {"refuse", "powell"},
                                 "what to do with little or negative curvature; powell for batches"),
                          positive("learning_rate", 1, "the first trial along the direction"),
                          positive("first_step", 1, "length of the first trial step where there are no pairs"),
                          gradient_tolerance_hyperparameter()},
      .make_of_settings = [](const Settings& s) -> std::unique_ptr<Optimizer> {
        return std::make_unique<DescentMethod>(
            std::make_unique<LbfgsDescent>(s.count("history"), s.choice("pairs") == "powell", s["learning_rate"],
                                           s["first_step"]),
            make_search(s.choice("line_search")), s["gradient_tolerance"]);
      },
      .family = Family::curvature,
      .formula = R"(p <- -H g, H from the pairs (s, y) by the two loops
theta <- theta + a p;  s = a p;  y = g(theta + a p) - g(theta), on the same batch)",
      .differences =
          "A pair with s.y <= 0.01 sqrt(epsilon) |s| |y| is refused, a test that does not depend on scales; PyTorch "
          "compares s.y with 1e-10. With pairs=powell, y is moved towards B s where s.y < 0.2 s.B s. Where a search "
          "fails the pairs are dropped and the gradient is tried; SciPy's L-BFGS-B does so too, PyTorch takes the "
          "lower end of its bracket and stops only where the step or the loss hardly changes. The gradient is asked "
          "again on the same batch at the end of a step, and is not paid again if the next step has the same data. "
          "With line_search=none a step may rise.",
      .descends = true,
      .retired = {fixed_at("sufficient_decrease", 1e-4), fixed_at("wolfe_curvature", 0.9),
                  fixed_at("max_evaluations", 40)}};
}

}  // namespace gradus::optim
