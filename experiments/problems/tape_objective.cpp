#include "experiments/problems/tape_objective.h"

#include <stdexcept>
#include <utility>

#include "autodiff/gradient.h"
#include "autodiff/operations.h"

namespace gradus::problems {

Terms sum_of_squares(const Var& residuals) { return {sum(square(residuals)), residuals}; }

Formula least_squares(std::function<Var(const Var&)> residuals) {
  return {.record = [residuals = std::move(residuals)](const Var& theta) { return sum_of_squares(residuals(theta)); },
          .has_outputs = true};
}

Formula plain(std::function<Var(const Var&)> loss) {
  return {.record = [loss = std::move(loss)](const Var& theta) { return Terms{loss(theta)}; }};
}

TapeObjective::TapeObjective(Formula formula, std::int64_t size, DType type)
    : formula_(std::move(formula)), size_(size), tape_(type), product_tape_(type) {
  if (formula_.draw) formula_.draw(0);
  offer(curvature_.hessian, optim::price::hessian,
        [this](const Tensor& at, const Tensor& v, const Tensor& out) { linearized(at).hessian_times(v, out); });
  if (formula_.has_outputs)
    offer(curvature_.gauss_newton, optim::price::gauss_newton,
          [this](const Tensor& at, const Tensor& v, const Tensor& out) { linearized(at).gauss_newton_times(v, out); });
}

void TapeObjective::set_step(std::uint64_t step) {
  if (!formula_.draw) return;
  formula_.draw(step);
  invalidate();
}

Tensor TapeObjective::outputs(const Tensor& theta) {
  if (!formula_.has_outputs) throw std::invalid_argument("objective: the function has no outputs");
  return record(tape_, theta).terms.outputs.value().clone();
}

TapeObjective::Recorded TapeObjective::record(Tape& tape, const Tensor& theta) {
  tape.reset();
  const Var leaf = tape.leaf(theta);
  return {leaf, formula_.record(leaf)};
}

double TapeObjective::compute_value(const Tensor& theta) { return record(tape_, theta).terms.loss.item(); }

double TapeObjective::compute_gradient(const Tensor& theta, const Tensor& gradient) {
  const Recorded now = record(tape_, theta);
  gradus::gradient(now.terms.loss, {&now.theta, 1}, {&gradient, 1});
  return now.terms.loss.item();
}

Linearization& TapeObjective::linearized(const Tensor& theta) {
  if (linearized_at_ == point_number()) return *at_;
  at_.reset();
  const Recorded now = record(product_tape_, theta);
  if (formula_.has_outputs)
    at_.emplace(now.terms.loss, now.terms.outputs, std::span(&now.theta, 1));
  else
    at_.emplace(now.terms.loss, std::span(&now.theta, 1));
  linearized_at_ = point_number();
  charge_record();
  return *at_;
}

}  // namespace gradus::problems
