// L-BFGS. Nocedal (1980); Liu & Nocedal (1989); Nocedal & Wright (2006), Algorithms 7.4 and 7.5; multi-batch: Berahas,
// Nocedal & Takac (2016), with Powell's (1978) damping of the pairs.
#include <cmath>

#include "optim/curvature/lbfgs_memory.h"
#include "optim/curvature/line_search.h"
#include "optim/curvature/step.h"
#include "optim/curvature/vectors.h"

namespace gradus::optim {
namespace {

class Lbfgs final : public Optimizer {
 public:
  explicit Lbfgs(const Settings& s)
      : search_(s.choice("line_search")),
        damps_(s.choice("pairs") == "powell"),
        learning_rate_(s["learning_rate"]),
        first_step_(s["first_step"]),
        gradient_tolerance_(s["gradient_tolerance"]),
        options_(s),
        pairs_(s.count("history")) {}

  StepReport step(Objective& objective, const Tensor& theta) override {
    StepReport report;
    if (!open_step(objective, theta, gradient_tolerance_, gradient_, report)) return report;
    vectors::like(direction_, theta), vectors::like(trial_, theta);
    LineSearchResult found = try_pairs(objective, theta, report);
    if (found.step == 0 && pairs_.count() > 0) {  // once more along the gradient
      pairs_.clear();
      found = try_pairs(objective, theta, report);
    }
    if (!finish_search(found, direction_, report)) return report;
    learn(objective, theta, found.step);
    close_step(objective, theta, trial_, standstill_, report);
    return report;
  }
  void visit(StateVisitor& visitor) override {
    pairs_.visit(visitor);
    standstill_.visit(visitor);
  }

 private:
  // Searches along -H g.
  LineSearchResult try_pairs(Objective& objective, const Tensor& theta, const StepReport& report) {
    vectors::scale(-1, gradient_, direction_);
    pairs_.solve(direction_);
    const double slope = vectors::dot(gradient_, direction_);
    if (!(slope < 0) || !vectors::is_finite(direction_)) return {};
    const double first = pairs_.count() == 0 ? first_step_ / report.gradient_norm : learning_rate_;
    const Ray ray{theta, direction_, report.loss, slope, standstill_.ceiling(report.loss, theta.dtype()), trial_};
    if (search_ == "strong_wolfe") return strong_wolfe_search(objective, ray, first, options_);
    if (search_ == "armijo") return armijo_search(objective, ray, first, options_);
    return first_finite(objective, ray, first);
  }

  // The step as it is, or a tenth of it as long as there is no finite gradient.
  LineSearchResult first_finite(Objective& objective, const Ray& ray, double step) const {
    for (std::int64_t i = 1; i <= options_.max_evaluations; ++i, step /= 10) {
      vectors::combine(ray.theta, step, ray.direction, ray.trial);
      objective.move_to(ray.trial);
      if (vectors::is_finite(objective.gradient()) && std::isfinite(objective.value()))
        return {Reason::stepped, step, objective.value(), i};
    }
    return {Reason::not_finite, 0, ray.value, options_.max_evaluations};
  }

  // The pair of this step; both gradients are of the same batch.
  void learn(Objective& objective, const Tensor& theta, double step) {
    vectors::combine(objective.gradient(), -1, gradient_, vectors::like(change_, theta));
    if (damps_ && pairs_.count() > 0) {
      vectors::scale(-step, gradient_, gradient_);  // B s, since s = -step H g
      vectors::scale(step, direction_, direction_);
      powell_damping(direction_, gradient_, change_);
    }
    vectors::combine(trial_, -1, theta, direction_);
    pairs_.add(direction_, change_);
  }

  std::string search_;
  bool damps_;
  Setting learning_rate_, first_step_, gradient_tolerance_;
  LineSearchOptions options_;
  LbfgsMemory pairs_;
  Standstill standstill_;
  Tensor gradient_, direction_, trial_, change_;
};

}  // namespace

Method lbfgs_method() {
  std::vector<Hyperparameter> hyperparameters = {
      count("history", 10, 1, "pairs that are kept"),
      choice("line_search", "strong_wolfe", {"strong_wolfe", "armijo", "none"},
             "how far to go; none takes learning_rate, for batches"),
      choice("pairs", "refuse", {"refuse", "powell"},
             "what to do with little or negative curvature; powell for batches"),
      positive("learning_rate", 1, "the first trial along the direction"),
      positive("first_step", 1, "length of the first trial step where there are no pairs"),
      gradient_tolerance_hyperparameter()};
  for (Hyperparameter& h : line_search_hyperparameters(0.9)) hyperparameters.push_back(std::move(h));
  return {
      "lbfgs",
      "Liu & Nocedal (1989); Nocedal & Wright (2006), Algorithms 7.4 and 7.5; Moré & Thuente (1994); Powell (1978)",
      std::move(hyperparameters),
      [](const Settings& s) { return std::make_unique<Lbfgs>(s); },
      Family::curvature,
      "p <- -H g, H from the pairs (s, y) by the two loops\n"
      "theta <- theta + a p;  s = a p;  y = g(theta + a p) - g(theta), on the same batch",
      "A pair with s.y <= 0.01 sqrt(epsilon) |s| |y| is refused, a test that does not depend on scales; PyTorch "
      "compares s.y with 1e-10. With pairs=powell, y is moved towards B s where s.y < 0.2 s.B s. Where a search "
      "fails the pairs are dropped and the gradient is tried; SciPy's L-BFGS-B does so too, PyTorch takes the lower "
      "end of its bracket and stops only where the step or the loss hardly changes. The gradient is asked again on "
      "the same batch at the end of a step, and is not paid again if the next step has the same data. With "
      "line_search=none a step may rise.",
      true};
}

}  // namespace gradus::optim
