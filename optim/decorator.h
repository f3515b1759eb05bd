// An objective that answers with what another one answers, for those that change some of it: penalties, clipping, noise.
#pragma once

#include "optim/objective.h"

namespace gradus::optim {

// Costs, slices and data are the inner objective's. Everything is passed on unless a subclass overrides it; overrides call
// inner_at(theta) for the inner objective at that point.
class ObjectiveDecorator : public Objective {
 public:
  // To be called at the beginning of each step, before anything is asked. What was known is kept if it is the same objective.
  void wrap(Objective& inner) {
    if (known_ == inner.identity()) return;
    inner_ = &inner;
    known_ = inner.identity();
    inner_point_ = nullptr;
    invalidate();
  }

  const std::shared_ptr<const void>& identity() const override { return known_; }

  std::int64_t size() const override { return inner_->size(); }
  DType dtype() const override { return inner_->dtype(); }
  bool offers(Quantity quantity) const override { return inner_->offers(quantity); }
  const Costs& costs() const override { return inner_->costs(); }
  std::span<const Slice> slices() const override { return inner_->slices(); }
  std::uint64_t version() const override { return Objective::version() + inner_->version(); }

 protected:
  // The inner objective, at theta.
  Objective& inner_at(const Tensor& theta) {
    if (inner_point_ != theta.raw()) {
      inner_->move_to(theta);
      inner_point_ = theta.raw();
    }
    return *inner_;
  }
  // The inner objective, at a point of the subclass's own, whose numbers may have changed since the last time.
  Objective& inner_moved_to(const Tensor& point) {
    inner_->move_to(point);
    inner_point_ = point.raw();
    return *inner_;
  }
  void moved() override { inner_point_ = nullptr; }

  double compute_value(const Tensor& theta) override { return inner_at(theta).value(); }
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override {
    gradient.copy_from(inner_at(theta).gradient());
    return inner_at(theta).value();
  }
  void compute_hessian_times(const Tensor& theta, const Tensor& v, const Tensor& out) override {
    inner_at(theta).hessian_times(v, out);
  }
  void compute_gauss_newton_times(const Tensor& theta, const Tensor& v, const Tensor& out) override {
    inner_at(theta).gauss_newton_times(v, out);
  }
  void compute_structural_times(const Tensor& theta, const Tensor& v, const Tensor& out) override {
    inner_at(theta).structural_times(v, out);
  }
  void compute_sampled_gradient(const Tensor& theta, std::uint64_t key, const Tensor& out) override {
    inner_at(theta).sampled_gradient(key, out);
  }
  void compute_gradient_squares(const Tensor& theta, const Tensor& out) override {
    inner_at(theta).gradient_squares(out);
  }
  void compute_kronecker_factors(const Tensor& theta, std::uint64_t key, std::vector<KroneckerBlock>& blocks) override {
    inner_at(theta).kronecker_factors(key, blocks);
  }

 private:
  Objective* inner_ = nullptr;
  std::shared_ptr<const void> known_;  // who that is
  const void* inner_point_ = nullptr;  // memory of the point that the inner objective is at, if it is our point
};

}  // namespace gradus::optim
