// The direction -H g with H the limited-memory BFGS approximation. Nocedal (1980); Liu & Nocedal (1989).
#pragma once

#include "autodiff/tensor/vectors.h"
#include "optim/descent.h"
#include "optim/solvers/lbfgs_memory.h"

namespace gradus::optim {

class LbfgsDescent final : public Descent {
 public:
  // `first_step` is the length of the first trial where there are no pairs, `learning_rate` the first trial along the
  // direction where there are; `damps`: pairs of bad curvature are damped as Powell (1978), not refused.
  LbfgsDescent(std::int64_t history, bool damps, Setting learning_rate, Setting first_step)
      : pairs_(history), damps_(damps), learning_rate_(std::move(learning_rate)), first_step_(std::move(first_step)) {}
  std::string name() const override { return "lbfgs"; }
  Size size() const override { return Size::length; }

  void begin(const Start& start) override { start_ = &start; }
  Promise step(double length, const Tensor& p) override {
    vectors::scale(-1, start_->gradient, p);
    pairs_.solve(p);
    const double slope = vectors::dot(start_->gradient, p);
    if (length != 1) vectors::scale(length, p);
    // -g.H g (t - t^2 / 2)
    return {.change = slope * length * (1 - length / 2), .slope = slope * length, .norm = vectors::norm(p)};
  }
  double first_size() override { return pairs_.count() == 0 ? first_step_ / start_->gradient_norm : learning_rate_; }
  // Once more along the gradient.
  bool restart() override {
    const bool had_pairs = pairs_.count() > 0;
    pairs_.clear();
    return had_pairs;
  }
  // The pair of this step; both gradients are of the same batch.
  void learn(const Start& start, const Tensor& trial, double length) override {
    vectors::add_scaled(trial, -1, start.theta, vectors::like(step_, trial));
    vectors::add_scaled(start.objective.gradient(), -1, start.gradient, vectors::like(change_, trial));
    if (damps_ && pairs_.count() > 0) {
      vectors::scale(-length, start.gradient, vectors::like(product_, trial));  // B s, since s = -length H g
      powell_damping(step_, product_, change_);
    }
    pairs_.add(step_, change_);
  }
  void visit(StateVisitor& visitor) override { pairs_.visit(visitor); }

 private:
  LbfgsMemory pairs_;
  bool damps_;
  Setting learning_rate_, first_step_;
  const Start* start_ = nullptr;
  Tensor step_, change_, product_;
};

}  // namespace gradus::optim
