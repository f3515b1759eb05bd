#include "optim/solvers/martens_cg.h"

#include <algorithm>
#include <cmath>

#include "autodiff/tensor/vectors.h"
#include "optim/update.h"

namespace gradus::optim {
namespace {

// out = M^-1 residual
void precondition(const Tensor& residual, const Tensor& preconditioner, const Tensor& out) {
  if (!preconditioner.defined()) return out.copy_from(residual);
  update_each(
      out, residual, []<class T>(T) { return [](T& y, T r, T& m) { y = r / m; }; }, preconditioner);
}

}  // namespace

void MartensCg::keep(const Tensor& x, double model, std::int64_t iteration) {
  if (count_ > 0 && kept_[count_ - 1].iteration == iteration) return;
  if (count_ == kept_.size()) kept_.emplace_back();
  Iterate& place = kept_[count_++];
  vectors::like(place.x, x).copy_from(x);
  place.model = model;
  place.iteration = iteration;
}

MartensCg::Result MartensCg::minimize(const LinearOperator& a, const Tensor& gradient, const Tensor& start,
                                      const Tensor& preconditioner, const MartensCgOptions& options) {
  for (Tensor* vector : {&x_, &residual_, &direction_, &product_, &scaled_}) vectors::like(*vector, gradient);
  count_ = 0;
  models_.clear();
  residual_.copy_from(gradient);
  if (start.defined()) {
    x_.copy_from(start);
    multiply(a, x_, product_);
    vectors::axpy(1, product_, residual_);
  } else {
    x_.fill(0);
  }
  const auto model = [&] { return (vectors::dot(x_, residual_) + vectors::dot(x_, gradient)) / 2; };
  models_.push_back(model());
  precondition(residual_, preconditioner, scaled_);
  vectors::scale(-1, scaled_, direction_);
  double decrease = vectors::dot(residual_, scaled_);
  const double rounding = 10 * vectors::epsilon(gradient.dtype()) * vectors::norm(gradient);

  Result result;
  double next_kept = 1;
  for (std::int64_t i = 1; i <= options.max_iterations; ++i) {
    if (!std::isfinite(models_.back()) || !std::isfinite(decrease)) {
      result.reason = Reason::not_finite;
      return result;
    }
    if (vectors::norm(residual_) <= rounding || !(decrease > 0)) {  // also where its square is lost in underflow
      result.reason = Reason::converged;
      break;
    }
    multiply(a, direction_, product_);
    const double curvature = vectors::dot(direction_, product_), length = vectors::norm(direction_);
    result.iterations = i;
    if (!std::isfinite(curvature)) {
      result.reason = Reason::not_finite;
      return result;
    }
    double along = decrease / std::abs(curvature);
    const bool negative = curvature <= 0;
    if (negative)
      along = std::min(along, 1e3 * (1 + vectors::norm(x_) / length));  // where there is hardly any curvature
    vectors::axpy(along, direction_, x_);
    vectors::axpy(along, product_, residual_);
    models_.push_back(model());
    if (negative) {
      result.reason = Reason::negative_curvature;
      break;
    }
    if (static_cast<double>(i) >= next_kept) {
      keep(x_, models_.back(), i);
      while (next_kept <= static_cast<double>(i)) next_kept = std::ceil(next_kept * options.spacing);
    }
    const auto window = std::max<std::int64_t>(10, i / 10);
    if (i > window && models_.back() < 0) {
      const double progress = models_.back() - models_[static_cast<std::size_t>(i - window)];
      if (progress / models_.back() < static_cast<double>(window) * options.tolerance) {
        result.reason = Reason::converged;
        break;
      }
    }
    precondition(residual_, preconditioner, scaled_);
    const double before = std::exchange(decrease, vectors::dot(residual_, scaled_));
    vectors::scale(decrease / before, direction_, direction_);
    vectors::axpy(-1, scaled_, direction_);
  }
  if (!std::isfinite(models_.back()) || !vectors::is_finite(x_)) {
    result.reason = Reason::not_finite;
    return result;
  }
  keep(x_, models_.back(), result.iterations);
  return result;
}

}  // namespace gradus::optim
