#include "experiments/lab/network_objective.h"

#include "autodiff/gradient.h"

namespace gradus::lab {
namespace {

// Slices of a vector, made again only when the vector is another one.
void refresh(std::vector<Tensor>& views, const void*& memory, const nn::ParameterSet& parameters, const Tensor& vector) {
  if (memory == vector.raw()) return;
  views = parameters.views(vector);
  memory = vector.raw();
}

}  // namespace

NetworkObjective::NetworkObjective(nn::Layer model, Loss loss, DType type, RandomStream random)
    : model_(std::move(model)), loss_(std::move(loss)), tape_(type), random_(random) {
  nn::ParameterScope scope(parameters_);
  model_.declare(scope);
  leaves_.reserve(parameters_.slices().size());
  buffers_ = parameters_.initial_buffers(type);
}

void NetworkObjective::set_batch(const Batch& batch) {
  batch_ = batch;
  ++batch_number_;
  batch_is_new_ = true;
  invalidate();
}

NetworkObjective::Outputs NetworkObjective::forward(const Tensor& theta, const Batch& batch, nn::Mode mode) {
  refresh(theta_views_, theta_memory_, parameters_, theta);
  tape_.reset();
  leaves_.clear();
  for (const Tensor& view : theta_views_) leaves_.push_back(tape_.leaf(view));
  // The same batch draws the same masks however often it is evaluated.
  const bool with_buffers = mode == nn::Mode::evaluate || batch_is_new_;
  if (mode == nn::Mode::train) batch_is_new_ = false;
  nn::Forward pass(leaves_, mode, random_.child("batch", batch_number_), with_buffers ? buffers_ : std::span<const Tensor>());
  const Var outputs = model_.forward(pass, tape_.leaf(batch.inputs));
  return {outputs, loss_(outputs, tape_.leaf(batch.labels))};
}

double NetworkObjective::compute_value(const Tensor& theta) {
  return forward(theta, batch_, nn::Mode::train).loss.item();
}

double NetworkObjective::compute_gradient(const Tensor& theta, const Tensor& gradient) {
  refresh(gradient_views_, gradient_memory_, parameters_, gradient);
  const Var loss = forward(theta, batch_, nn::Mode::train).loss;
  last_gradient(loss, leaves_, gradient_views_);
  return loss.item();
}

}  // namespace gradus::lab
