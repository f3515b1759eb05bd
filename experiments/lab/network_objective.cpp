#include "experiments/lab/network_objective.h"

#include <algorithm>

#include "autodiff/gradient.h"
#include "autodiff/kronecker.h"
#include "autodiff/operations.h"
#include "autodiff/per_example.h"
#include "autodiff/tensor/vectors.h"

namespace gradus::lab {
void NetworkObjective::Views::refresh(const nn::ParameterSet& parameters, const Tensor& vector) {
  if (memory == vector.raw()) return;
  parts = parameters.views(vector);
  memory = vector.raw();
}

NetworkObjective::NetworkObjective(nn::Layer model, nn::Loss loss, DType type, RandomStream random)
    : model_(std::move(model)), loss_(std::move(loss)), random_(random), values_(type), record_(type) {
  nn::ParameterScope scope(parameters_);
  model_.declare(scope);
  values_.leaves.reserve(slices().size());
  record_.leaves.reserve(slices().size());
  buffers_ = parameters_.initial_buffers(type);
  offer_curvature();
}

void NetworkObjective::set_batch(const Batch& batch, std::uint64_t n) {
  batch_ = batch;
  batch_number_ = n;
  batch_is_new_ = true;
  invalidate();
}

void NetworkObjective::set_curvature_batch(const Batch& batch) {
  curvature_batch_ = batch;
  ++curvature_batch_number_;
  invalidate();
}

std::int64_t NetworkObjective::rows_of(const Batch& batch) {
  const Shape& shape = batch.targets.shape();
  return shape.rank() == 0 ? 1 : shape[0];
}

std::int64_t NetworkObjective::positions_of(const Batch& batch) {
  return batch.targets.dtype() == DType::int32 ? batch.targets.size() : rows_of(batch);
}

std::span<const Var> NetworkObjective::put_leaves(Recording& on, const Tensor& theta) {
  on.theta.refresh(parameters_, theta);
  on.tape.reset();
  on.leaves.clear();
  for (const Tensor& view : on.theta.parts) on.leaves.push_back(on.tape.leaf(view));
  return on.leaves;
}

NetworkObjective::Outputs NetworkObjective::record(Tape& tape, nn::Forward& pass, const Batch& batch) {
  if (!batch.inputs.defined() || !batch.targets.defined())
    throw std::logic_error("network objective: asked before there was a batch: call set_batch() first");
  const Var inputs = tape.leaf(batch.inputs);
  const Var outputs = model_.forward(pass, inputs);
  return {inputs, outputs, loss_(outputs, tape.leaf(batch.targets))};
}

NetworkObjective::Outputs NetworkObjective::forward(const Tensor& theta, const Batch& batch, nn::Mode mode,
                                                    std::vector<nn::Observed>* observed) {
  // The same batch draws the same masks however often it is evaluated.
  const bool with_buffers = mode == nn::Mode::evaluate || batch_is_new_;
  if (mode == nn::Mode::train) batch_is_new_ = false;
  nn::Forward pass(put_leaves(values_, theta), mode, random_.child("batch", batch_number_),
                   with_buffers ? buffers_ : std::span<const Tensor>());
  if (observed) pass.collect_observed(*observed);
  return record(values_.tape, pass, batch);
}

std::span<const NetworkObjective::Inside> NetworkObjective::inside() {
  const Tensor& theta = point();
  as_gradient([&] {
    observed_.clear();
    inside_.clear();
    const Var loss = forward(theta, batch_, nn::Mode::train, &observed_).loss;
    std::vector<Var> values;
    inside_gradients_.resize(observed_.size());
    for (std::size_t i = 0; i < observed_.size(); ++i) {
      values.push_back(observed_[i].value);
      vectors::shaped(inside_gradients_[i], values[i].shape(), dtype());
    }
    gradus::gradient(loss, values, inside_gradients_);
    for (std::size_t i = 0; i < observed_.size(); ++i)
      inside_.push_back({observed_[i].name, values[i].value(), inside_gradients_[i]});
  });
  return inside_;
}

double NetworkObjective::compute_value(const Tensor& theta) {
  return forward(theta, batch_, nn::Mode::train).loss.item();
}

double NetworkObjective::compute_gradient(const Tensor& theta, const Tensor& gradient) {
  gradient_.refresh(parameters_, gradient);
  const Var loss = forward(theta, batch_, nn::Mode::train).loss;
  last_gradient(loss, values_.leaves, gradient_.parts);
  return loss.item();
}

NetworkObjective::Outputs NetworkObjective::record_curvature(const Tensor& theta) {
  linearization_.reset();
  structure_.reset();
  linearized_at_ = 0;
  vectors::shaped(record_theta_, theta.shape(), theta.dtype())
      .copy_from(theta);  // whose memory may change under the record
  hidden_states_.clear();
  const RandomStream random = curvature_batch_ ? random_.child("curvature_batch", curvature_batch_number_)
                                               : random_.child("batch", batch_number_);
  nn::Forward pass(put_leaves(record_, record_theta_), nn::Mode::train, random);
  pass.collect_hidden_states(hidden_states_);
  return record(record_.tape, pass, curvature_batch());
}

Linearization& NetworkObjective::linearized(const Tensor& theta) {
  if (linearized_at_ != point_number()) {
    const auto [inputs, outputs, loss] = record_curvature(theta);
    linearization_.emplace(loss, outputs, record_.leaves);
    linearized_at_ = point_number();
    charge_record();
  }
  return *linearization_;
}

Linearization& NetworkObjective::structure(const Tensor& theta) {
  linearized(theta);
  if (structure_) return *structure_;
  if (hidden_states_.empty())
    throw std::invalid_argument("structural_times: no layer showed its hidden states (nn::Forward::hidden_states)");
  std::vector<Var> flat;
  for (const Var& states : hidden_states_) flat.push_back(reshape(states, {states.shape().size()}));
  const Var all = flat.size() == 1 ? flat[0] : concatenate(flat, 0);
  // Half the sum of squares has the identity for Hessian, so that its Gauss-Newton product is that of the states.
  const double examples = static_cast<double>(curvature_batch().inputs.shape()[0]);
  return structure_.emplace(scale(sum(mul(all, all)), 0.5 / examples), all, record_.leaves);
}

std::pair<Var, std::int64_t> NetworkObjective::record_sampled(const Tensor& theta, std::uint64_t key) {
  const Var outputs = record_curvature(theta).outputs;
  RandomStream labels = random_.child("labels", key);
  const Tensor& scores = vectors::shaped(scores_, outputs.shape(), dtype());
  return {outputs, nn::sampled_scores(loss_.likelihood(), outputs.value(), labels, scores)};
}

void NetworkObjective::visit_memory(optim::StateVisitor& visitor) {
  Objective::visit_memory(visitor);
  visitor.whole("batch_number", batch_number_);
  visitor.whole("curvature_batch_number", curvature_batch_number_);
  visitor.whole("batch_is_new", batch_is_new_);
  for (std::size_t i = 0; i < buffers_.size(); ++i)
    visitor.tensor("buffer." + parameters_.buffers()[i].name, buffers_[i]);
}

void NetworkObjective::offer_curvature() {
  offer(curvature_.hessian, optim::price::hessian,
        [this](const Tensor& theta, const Tensor& v, const Tensor& out) { linearized(theta).hessian_times(v, out); });
  offer(curvature_.gauss_newton, optim::price::gauss_newton,
        [this](const Tensor& theta, const Tensor& v, const Tensor& out) {
          linearized(theta).gauss_newton_times(v, out);
        });
  offer(curvature_.empirical_fisher, optim::price::gauss_newton,
        [this](const Tensor& theta, const Tensor& v, const Tensor& out) {
          Linearization& at = linearized(theta);
          at.empirical_scores(vectors::shaped(scores_, at.outputs_shape(), dtype()));
          at.fisher_times(scores_, v, out);
        });
  offer(curvature_.gradient_squares, [this](const Tensor& theta, const Tensor& out) {
    const auto [inputs, outputs, loss] = record_curvature(theta);
    const Tensor& derivatives = vectors::shaped(scores_, outputs.shape(), dtype());
    gradus::gradient(loss, std::span(&outputs, 1), std::span(&derivatives, 1));
    vectors::scale(static_cast<double>(outputs.shape()[0]), derivatives);
    per_example_mean_squares(outputs, derivatives, record_.leaves, out);
  });
  const auto is_recurrent = [](const ParameterSlice& slice) { return slice.has_tag("recurrent"); };
  if (std::ranges::any_of(slices(), is_recurrent))
    offer(curvature_.structural, optim::price::gauss_newton,
          [this](const Tensor& theta, const Tensor& v, const Tensor& out) {
            structure(theta).gauss_newton_times(v, out);
          });
  if (loss_.likelihood() == nn::Likelihood::none) return;
  offer(curvature_.sampled_gradient, [this](const Tensor& theta, std::uint64_t key, const Tensor& out) {
    const auto [outputs, examples] = record_sampled(theta, key);
    vectors::scale(1.0 / static_cast<double>(examples), scores_);
    result_.refresh(parameters_, out);
    vjp(outputs, scores_, record_.leaves, result_.parts);
  });
  offer(curvature_.kronecker_factors,
        [this](const Tensor& theta, std::uint64_t key, std::vector<KroneckerBlock>& blocks) {
          const auto [outputs, examples] = record_sampled(theta, key);
          kronecker_factors(outputs, scores_, examples, record_.leaves, blocks);
        });
}

}  // namespace gradus::lab
