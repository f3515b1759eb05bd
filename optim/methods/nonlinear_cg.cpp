// Nonlinear conjugate gradients. Fletcher & Reeves (1964); Polak & Ribière (1969), with beta >= 0 as Gilbert & Nocedal
// (1992); Hestenes & Stiefel (1952); Dai & Yuan (1999); Hager & Zhang (2005), with the lower bound of their (2013).
#include <algorithm>
#include <cmath>

#include "optim/curvature/line_search.h"
#include "optim/curvature/step.h"
#include "optim/curvature/vectors.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

const std::vector<std::string> formulas = {"fletcher_reeves", "polak_ribiere_plus", "hestenes_stiefel", "dai_yuan",
                                           "hager_zhang"};

class NonlinearCg final : public Optimizer {
 public:
  explicit NonlinearCg(const Settings& s)
      : formula_(s.choice("beta")),
        restart_interval_(s.count("restart_interval")),
        restart_threshold_(s["restart_threshold"]),
        first_step_(s["first_step"]),
        gradient_tolerance_(s["gradient_tolerance"]),
        options_(s) {}

  StepReport step(Objective& objective, const Tensor& theta) override {
    StepReport report;
    if (!open_step(objective, theta, gradient_tolerance_, gradient_, report)) return report;
    ensure_state(direction_, theta);
    ensure_state(previous_gradient_, theta);
    vectors::like(trial_, theta);
    turn(report.gradient_norm);
    LineSearchResult found = search(objective, theta, report);
    if (found.step == 0 && since_restart_ > 0) {  // once more along the gradient
      restart();
      found = search(objective, theta, report);
    }
    if (!finish_search(found, direction_, report)) {
      since_restart_ = -1;
      return report;
    }
    previous_gradient_.copy_from(gradient_);
    previous_decrease_ = -found.step * slope_;
    close_step(objective, theta, trial_, standstill_, report);
    return report;
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("direction", direction_);
    visitor.tensor("previous_gradient", previous_gradient_);
    visitor.counter("steps_since_restart", since_restart_);
    visitor.number("previous_decrease", previous_decrease_);
    standstill_.visit(visitor);
  }

 private:
  void restart() {
    vectors::scale(-1, gradient_, direction_);
    slope_ = -vectors::dot(gradient_, gradient_);
    since_restart_ = 0;
  }

  // The direction, d <- -g + beta d, or -g where that is no descent, or the gradients are far from orthogonal (Powell
  // 1977).
  void turn(double norm) {
    const bool due = restart_interval_ > 0 && since_restart_ + 1 >= restart_interval_;
    const double overlap = std::abs(vectors::dot(gradient_, previous_gradient_));
    if (since_restart_ < 0 || due || !(overlap < restart_threshold_ * norm * norm)) return restart();
    const double factor = beta(norm * norm);
    vectors::scale(factor, direction_, direction_);
    vectors::add(-1, gradient_, direction_);
    slope_ = vectors::dot(gradient_, direction_);
    if (!(slope_ < 0) || !vectors::is_finite(direction_)) return restart();
    ++since_restart_;
  }

  double beta(double gg) const {
    const double before = vectors::dot(previous_gradient_, previous_gradient_);
    const double gy = gg - vectors::dot(gradient_, previous_gradient_);
    if (formula_ == "fletcher_reeves") return gg / before;
    if (formula_ == "polak_ribiere_plus") return std::max(0.0, gy / before);
    const double dg_before = vectors::dot(direction_, previous_gradient_);
    const double dg = vectors::dot(direction_, gradient_), dy = dg - dg_before;
    if (formula_ == "hestenes_stiefel") return gy / dy;
    if (formula_ == "dai_yuan") return gg / dy;
    const double yy = gg - 2 * vectors::dot(gradient_, previous_gradient_) + before;
    const double least = 0.4 * dg_before / vectors::dot(direction_, direction_);
    return std::max((gy - 2 * yy * dg / dy) / dy, least);
  }

  LineSearchResult search(Objective& objective, const Tensor& theta, const StepReport& report) {
    // A step as good to first order as the last one (Nocedal & Wright 2006, eq. 3.60).
    const double first = previous_decrease_ > 0 ? previous_decrease_ / -slope_ : first_step_ / report.gradient_norm;
    const double ceiling = standstill_.ceiling(report.loss, theta.dtype());
    return strong_wolfe_search(objective, {theta, direction_, report.loss, slope_, ceiling, trial_}, first, options_);
  }

  std::string formula_;
  std::int64_t restart_interval_;
  Setting restart_threshold_, first_step_, gradient_tolerance_;
  LineSearchOptions options_;
  Standstill standstill_;
  Tensor gradient_, direction_, previous_gradient_, trial_;
  std::int64_t since_restart_ = -1;  // -1: there is no direction yet
  double slope_ = 0, previous_decrease_ = 0;
};

}  // namespace

Method nonlinear_cg_method() {
  std::vector<Hyperparameter> hyperparameters = {
      choice("beta", "polak_ribiere_plus", formulas, "how much of the last direction is kept"),
      count("restart_interval", 0, 0, "steps after which it starts again along the gradient; 0 for never"),
      positive("restart_threshold", 0.5, "starts again where |g.g before| is not smaller than this times g.g"),
      positive("first_step", 1, "length of the first trial step"), gradient_tolerance_hyperparameter()};
  for (Hyperparameter& h : line_search_hyperparameters(0.1)) hyperparameters.push_back(std::move(h));
  return {"nonlinear_cg",
          "Nocedal & Wright (2006), chapter 5.2; Hager & Zhang (2006), a survey",
          std::move(hyperparameters),
          [](const Settings& s) { return std::make_unique<NonlinearCg>(s); },
          Family::curvature,
          "d <- -g + beta d;  theta <- theta + a d;  y = g - g before\n"
          "fletcher_reeves  g.g / (g.g before)\n"
          "polak_ribiere_plus  max(0, g.y / (g.g before))\n"
          "hestenes_stiefel  g.y / d.y\n"
          "dai_yuan  g.g / d.y\n"
          "hager_zhang  max((y - 2 d y.y / d.y).g / d.y, 0.4 (d.g before) / d.d)",
          "The steps satisfy the strong Wolfe conditions (Moré & Thuente). SciPy's CG is polak_ribiere_plus without "
          "Powell's restarts, and its search also asks that the next direction descends enough. CG_DESCENT goes over "
          "to approximate Wolfe conditions once a step changes the value by less than 0.001 of its average size; "
          "here values count as equal where they are within rounding.",
          true};
}

}  // namespace gradus::optim
