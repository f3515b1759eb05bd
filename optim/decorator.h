// An objective that answers with what another one answers, for those that change some of it: penalties, clipping,
// noise.
#pragma once

#include "optim/objective.h"

namespace gradus::optim {

// Costs, slices and data are the inner objective's. Everything is passed on unless a subclass overrides it; overrides
// call inner_at(theta) for the inner objective at that point.
class ObjectiveDecorator : public Objective {
 public:
  // To be called at the beginning of each step, before anything is asked. What was known is kept if it is the same
  // objective.
  void wrap(Objective& inner) {
    if (known_ == inner.identity()) return;
    inner_ = &inner;
    known_ = inner.identity();
    inner_point_ = nullptr;
    if (comes_back_)
      set_current(is_current_then_ && inner.is_current());  // what was known then is known of this one
    else
      invalidate();
    comes_back_ = false;
    curvature_ = Curvature();
    if (!inner.curvature()) return;
    curvature_ = *inner.curvature();
    Curvature::each([this](const char*, auto quantity) { ask_here(curvature_.*quantity); });
    change(curvature_);
  }

  const std::shared_ptr<const void>& identity() const override { return known_; }

  std::int64_t size() const override { return inner_->size(); }
  DType dtype() const override { return inner_->dtype(); }
  const Curvature* curvature() const override { return inner_->curvature() ? &curvature_ : nullptr; }
  const Costs& costs() const override { return inner_->costs(); }
  std::span<const ParameterSlice> slices() const override { return inner_->slices(); }
  // Its own; the inner objective is charged, and remembers for itself. What comes back is known of the objective that
  // is wrapped next.
  void visit_memory(StateVisitor& visitor) override {
    bool is_known = inner_ ? is_current() : is_current_then_;
    visit_known(visitor, is_known);
    if (inner_) return set_current(is_known);
    is_current_then_ = is_known;
    comes_back_ = true;
  }

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
  // Changes what is passed on of the curvature, once for each objective; what is there answers at our point.
  virtual void change(Curvature&) {}

 private:
  // Sends the inner objective to our point before it is asked.
  void ask_here(LinearOperator& matrix) { ask_here(matrix.times); }
  template <class... Asked>
  void ask_here(std::function<void(Asked...)>& quantity) {
    if (!quantity) return;
    quantity = [this, of_inner = std::move(quantity)](Asked... asked) {
      inner_at(point());
      of_inner(asked...);
    };
  }

  Objective* inner_ = nullptr;
  std::shared_ptr<const void> known_;  // who that is
  const void* inner_point_ = nullptr;  // memory of the point that the inner objective is at, if it is our point
  bool comes_back_ = false, is_current_then_ = false;
  Curvature curvature_;
};

}  // namespace gradus::optim
