#include "optim/descents/nonlinear_cg.h"

#include <algorithm>
#include <cmath>

#include "autodiff/tensor/vectors.h"
#include "optim/update.h"

namespace gradus::optim {

const std::vector<std::string>& NonlinearCgDescent::formulas() {
  static const std::vector<std::string> all = {"fletcher_reeves", "polak_ribiere_plus", "hestenes_stiefel", "dai_yuan",
                                               "hager_zhang"};
  return all;
}

NonlinearCgDescent::NonlinearCgDescent(const Settings& settings)
    : formula_(settings.choice("beta")),
      restart_interval_(settings.count("restart_interval")),
      restart_threshold_(settings["restart_threshold"]),
      first_step_(settings["first_step"]) {}

void NonlinearCgDescent::turn_to_gradient() {
  vectors::scale(-1, start_->gradient, direction_);
  slope_ = -vectors::dot(start_->gradient, start_->gradient);
  since_restart_ = 0;
}

// d <- -g + beta d, or -g where that is no descent, or the gradients are far from orthogonal (Powell 1977).
void NonlinearCgDescent::begin(const Start& start) {
  start_ = &start;
  ensure_state(direction_, start.theta);
  ensure_state(previous_gradient_, start.theta);
  const Tensor& g = start.gradient;
  const double gg = start.gradient_norm * start.gradient_norm;
  const bool due = restart_interval_ > 0 && since_restart_ + 1 >= restart_interval_;
  const double overlap = std::abs(vectors::dot(g, previous_gradient_));
  if (since_restart_ < 0 || due || !(overlap < restart_threshold_ * gg)) return turn_to_gradient();
  vectors::scale(beta(gg), direction_);
  vectors::axpy(-1, g, direction_);
  slope_ = vectors::dot(g, direction_);
  if (!(slope_ < 0) || !vectors::is_finite(direction_)) return turn_to_gradient();
  ++since_restart_;
}

double NonlinearCgDescent::beta(double gg) const {
  const Tensor &g = start_->gradient, &before = previous_gradient_;
  const double bb = vectors::dot(before, before), gb = vectors::dot(g, before), gy = gg - gb;
  if (formula_ == "fletcher_reeves") return gg / bb;
  if (formula_ == "polak_ribiere_plus") return std::max(0.0, gy / bb);
  const double dg_before = vectors::dot(direction_, before), dg = vectors::dot(direction_, g), dy = dg - dg_before;
  if (formula_ == "hestenes_stiefel") return gy / dy;
  if (formula_ == "dai_yuan") return gg / dy;
  const double yy = gg - 2 * gb + bb;
  const double least = 0.4 * dg_before / vectors::dot(direction_, direction_);
  return std::max((gy - 2 * yy * dg / dy) / dy, least);
}

Promise NonlinearCgDescent::step(double length, const Tensor& p) {
  vectors::scale(length, direction_, p);
  return {.change = length * slope_, .slope = length * slope_, .norm = vectors::norm(p)};
}

// As good to first order as the last step (Nocedal & Wright 2006, eq. 3.60).
double NonlinearCgDescent::first_size() {
  return previous_decrease_ > 0 ? previous_decrease_ / -slope_ : first_step_ / start_->gradient_norm;
}

// Once more along the gradient.
bool NonlinearCgDescent::restart() {
  const bool was_conjugate = since_restart_ > 0;
  since_restart_ = -1;
  return was_conjugate;
}

void NonlinearCgDescent::learn(const Start& start, const Tensor&, double length) {
  previous_gradient_.copy_from(start.gradient);
  previous_decrease_ = -length * slope_;
}

void NonlinearCgDescent::visit(StateVisitor& visitor) {
  visitor.tensor("direction", direction_);
  visitor.tensor("previous_gradient", previous_gradient_);
  visitor.counter("steps_since_restart", since_restart_);
  visitor.number("previous_decrease", previous_decrease_);
}

}  // namespace gradus::optim
