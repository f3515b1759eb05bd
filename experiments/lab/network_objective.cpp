#include "experiments/lab/network_objective.h"

#include "autodiff/gradient.h"
#include "autodiff/kronecker.h"
#include "autodiff/operations.h"
#include "autodiff/per_example.h"

namespace gradus::lab {
namespace {

void scale(const Tensor& x, double factor) {
  with_floating(x.dtype(), [&]<class T>(T) {
    for (T& element : x.elements<T>()) element *= static_cast<T>(factor);
  });
}

// Memory of that shape: what is there, if it fits.
const Tensor& shaped(Tensor& memory, const Shape& shape, DType type) {
  if (!memory.defined() || memory.shape() != shape) memory = Tensor::uninitialized(shape, type);
  return memory;
}

}  // namespace

void NetworkObjective::Views::refresh(const nn::ParameterSet& parameters, const Tensor& vector) {
  if (memory == vector.raw()) return;
  parts = parameters.views(vector);
  memory = vector.raw();
}

NetworkObjective::NetworkObjective(nn::Layer model, Loss loss, DType type, RandomStream random)
    : model_(std::move(model)), loss_(std::move(loss)), random_(random), values_(type), curvature_(type) {
  nn::ParameterScope scope(parameters_);
  model_.declare(scope);
  for (const nn::ParameterSlice& slice : parameters_.slices()) {
    slices_.push_back({slice.name, slice.shape, slice.offset, slice.tags});
    is_recurrent_ = is_recurrent_ || slices_.back().has_tag("recurrent");
  }
  values_.leaves.reserve(slices_.size());
  curvature_.leaves.reserve(slices_.size());
  buffers_ = parameters_.initial_buffers(type);
}

void NetworkObjective::set_batch(const Batch& batch) {
  batch_ = batch;
  ++batch_number_;
  batch_is_new_ = true;
  invalidate();
}

void NetworkObjective::set_curvature_batch(const Batch& batch) {
  curvature_batch_ = batch;
  ++curvature_batch_number_;
  invalidate();
}

void NetworkObjective::clear_curvature_batch() {
  curvature_batch_.reset();
  invalidate();
}

std::int64_t NetworkObjective::examples_of(const Batch& batch) {
  const Shape& shape = batch.labels.shape();
  return batch.labels.dtype() == DType::int32 || shape.rank() == 0 ? batch.labels.size() : shape[0];
}

bool NetworkObjective::offers(optim::Quantity quantity) const {
  using enum optim::Quantity;
  switch (quantity) {
    case structural_times:
      return is_recurrent_;
    case sampled_gradient:
    case kronecker_factors:
      return loss_.likelihood() != Likelihood::none;
    case hessian_times:
    case gauss_newton_times:
    case gradient_squares:
      return true;
  }
  return false;
}

std::span<const Var> NetworkObjective::put_leaves(Recording& on, const Tensor& theta) {
  on.theta.refresh(parameters_, theta);
  on.tape.reset();
  on.leaves.clear();
  for (const Tensor& view : on.theta.parts) on.leaves.push_back(on.tape.leaf(view));
  return on.leaves;
}

NetworkObjective::Outputs NetworkObjective::record(Tape& tape, nn::Forward& pass, const Batch& batch) {
  if (!batch.inputs.defined() || !batch.labels.defined())
    throw std::logic_error("network objective: asked before there was a batch: call set_batch() first");
  const Var outputs = model_.forward(pass, tape.leaf(batch.inputs));
  return {outputs, loss_(outputs, tape.leaf(batch.labels))};
}

NetworkObjective::Outputs NetworkObjective::forward(const Tensor& theta, const Batch& batch, nn::Mode mode) {
  // The same batch draws the same masks however often it is evaluated.
  const bool with_buffers = mode == nn::Mode::evaluate || batch_is_new_;
  if (mode == nn::Mode::train) batch_is_new_ = false;
  nn::Forward pass(put_leaves(values_, theta), mode, random_.child("batch", batch_number_),
                   with_buffers ? buffers_ : std::span<const Tensor>());
  return record(values_.tape, pass, batch);
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
  shaped(curvature_theta_, theta.shape(), theta.dtype()).copy_from(theta);  // whose memory may change under the record
  hidden_states_.clear();
  const RandomStream random = curvature_batch_ ? random_.child("curvature_batch", curvature_batch_number_)
                                               : random_.child("batch", batch_number_);
  nn::Forward pass(put_leaves(curvature_, curvature_theta_), nn::Mode::train, random);
  pass.collect_hidden_states(hidden_states_);
  return record(curvature_.tape, pass, curvature_batch());
}

bool NetworkObjective::prepare_products(const Tensor& theta) {
  const auto [outputs, loss] = record_curvature(theta);
  linearization_.emplace(loss, outputs, curvature_.leaves);
  return true;
}

void NetworkObjective::compute_hessian_times(const Tensor&, const Tensor& v, const Tensor& out) {
  linearization_->hessian_times(v, out);
}

void NetworkObjective::compute_gauss_newton_times(const Tensor&, const Tensor& v, const Tensor& out) {
  linearization_->gauss_newton_times(v, out);
}

void NetworkObjective::compute_structural_times(const Tensor&, const Tensor& v, const Tensor& out) {
  if (!structure_) {
    if (hidden_states_.empty())
      throw std::invalid_argument("structural_times: no layer showed its hidden states (nn::Forward::hidden_states)");
    std::vector<Var> flat;
    for (const Var& states : hidden_states_) flat.push_back(reshape(states, {states.shape().size()}));
    const Var all = flat.size() == 1 ? flat[0] : concatenate(flat, 0);
    // Half the sum of squares has the identity for Hessian, so that its Gauss-Newton product is that of the states.
    const double examples = static_cast<double>(curvature_batch().inputs.shape()[0]);
    structure_.emplace(gradus::scale(sum(mul(all, all)), 0.5 / examples), all, curvature_.leaves);
  }
  structure_->gauss_newton_times(v, out);
}

std::pair<Var, std::int64_t> NetworkObjective::record_sampled(const Tensor& theta, std::uint64_t key) {
  const Var outputs = record_curvature(theta).outputs;
  RandomStream labels = random_.child("labels", key);
  const Tensor& scores = shaped(scores_, outputs.shape(), dtype());
  return {outputs, sampled_scores(loss_.likelihood(), outputs.value(), labels, scores)};
}

void NetworkObjective::compute_sampled_gradient(const Tensor& theta, std::uint64_t key, const Tensor& out) {
  const auto [outputs, examples] = record_sampled(theta, key);
  scale(scores_, 1.0 / static_cast<double>(examples));
  result_.refresh(parameters_, out);
  vjp(outputs, scores_, curvature_.leaves, result_.parts);
}

void NetworkObjective::compute_gradient_squares(const Tensor& theta, const Tensor& out) {
  const auto [outputs, loss] = record_curvature(theta);
  const Tensor& derivatives = shaped(scores_, outputs.shape(), dtype());
  gradus::gradient(loss, std::span(&outputs, 1), std::span(&derivatives, 1));
  scale(derivatives, static_cast<double>(outputs.shape()[0]));
  per_example_mean_squares(outputs, derivatives, curvature_.leaves, out);
}

void NetworkObjective::compute_kronecker_factors(const Tensor& theta, std::uint64_t key,
                                                 std::vector<optim::KroneckerBlock>& blocks) {
  const auto [outputs, examples] = record_sampled(theta, key);
  std::vector<KroneckerFactors> factors;
  for (const optim::KroneckerBlock& block : blocks)
    factors.push_back({block.weight, block.bias, block.inputs, block.outputs});
  gradus::kronecker_factors(outputs, scores_, examples, curvature_.leaves, factors);
  blocks.clear();
  for (const KroneckerFactors& f : factors) blocks.push_back({f.weight, f.bias, f.inputs, f.outputs});
}

}  // namespace gradus::lab
