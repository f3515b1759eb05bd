#include "optim/methods/nonlinear_cg.h"

#include <algorithm>
#include <cmath>

#include "autodiff/tensor/vectors.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

using Beta = NonlinearCg::Beta;

class NonlinearCgDescent final : public Descent {
 public:
  explicit NonlinearCgDescent(const NonlinearCg& method) : h(method) {}
  std::string name() const override { return "nonlinear_cg"; }
  Size size() const override { return Size::length; }

  // d <- -g + beta d, or -g where that is no descent, or the gradients are far from orthogonal (Powell 1977).
  void begin(const Start& start) override {
    start_ = &start;
    ensure_state(direction_, start.theta);
    ensure_state(previous_gradient_, start.theta);
    const Tensor& g = start.gradient;
    const double gg = start.gradient_norm * start.gradient_norm;
    const bool due = h.restart_interval > 0 && since_restart_ + 1 >= h.restart_interval;
    const double overlap = std::abs(vectors::dot(g, previous_gradient_));
    if (since_restart_ < 0 || due || !(overlap < h.restart_threshold * gg)) return turn_to_gradient();
    vectors::scale(beta(gg), direction_);
    vectors::axpy(-1, g, direction_);
    slope_ = vectors::dot(g, direction_);
    if (!(slope_ < 0) || !vectors::is_finite(direction_)) return turn_to_gradient();
    ++since_restart_;
  }
  Promise step(double length, const Tensor& p) override {
    vectors::scale(length, direction_, p);
    return {.change = length * slope_, .slope = length * slope_, .norm = vectors::norm(p)};
  }
  // As good to first order as the last step (Nocedal & Wright 2006, eq. 3.60).
  double first_size() override {
    return previous_decrease_ > 0 ? previous_decrease_ / -slope_ : h.first_step / start_->gradient_norm;
  }
  // Once more along the gradient.
  bool restart() override {
    const bool was_conjugate = since_restart_ > 0;
    since_restart_ = -1;
    return was_conjugate;
  }
  void learn(const Start& start, const Tensor&, double length) override {
    previous_gradient_.copy_from(start.gradient);
    previous_decrease_ = -length * slope_;
  }
  void visit(StateVisitor& visitor) override {
    visitor.tensor("direction", direction_);
    visitor.tensor("previous_gradient", previous_gradient_);
    visitor.counter("steps_since_restart", since_restart_);
    visitor.number("previous_decrease", previous_decrease_);
  }

 private:
  void turn_to_gradient() {
    vectors::scale(-1, start_->gradient, direction_);
    slope_ = -vectors::dot(start_->gradient, start_->gradient);
    since_restart_ = 0;
  }
  double beta(double gg) const {
    const Tensor &g = start_->gradient, &before = previous_gradient_;
    const double bb = vectors::dot(before, before), gb = vectors::dot(g, before), gy = gg - gb;
    if (h.beta == Beta::fletcher_reeves) return gg / bb;
    if (h.beta == Beta::polak_ribiere_plus) return std::max(0.0, gy / bb);
    const double dg_before = vectors::dot(direction_, before), dg = vectors::dot(direction_, g), dy = dg - dg_before;
    if (h.beta == Beta::hestenes_stiefel) return gy / dy;
    if (h.beta == Beta::dai_yuan) return gg / dy;
    const double yy = gg - 2 * gb + bb;
    const double least = 0.4 * dg_before / vectors::dot(direction_, direction_);
    return std::max((gy - 2 * yy * dg / dy) / dy, least);
  }

  const NonlinearCg& h;
  const Start* start_ = nullptr;
  Tensor direction_, previous_gradient_;
  std::int64_t since_restart_ = -1;  // -1: there is no direction yet
  double slope_ = 0, previous_decrease_ = 0;
};

}  // namespace

std::unique_ptr<Descent> NonlinearCg::descent(const RandomStream&) const {
  return std::make_unique<NonlinearCgDescent>(*this);
}

}  // namespace gradus::optim
