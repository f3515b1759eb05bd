#include "nn/layers.h"

#include <string>

namespace gradus::nn {

Linear::Linear(std::int64_t in, std::int64_t out, Initializer weight, Initializer bias)
    : in_(in), out_(out), weight_initializer_(std::move(weight)), bias_initializer_(std::move(bias)) {
  if (in < 1 || out < 1)
    throw std::invalid_argument("Linear: " + std::to_string(in) + " inputs and " + std::to_string(out) +
                                " outputs, expected at least 1 of each");
}

void Linear::declare(ParameterScope& scope) {
  scope.declare(weight_, "weight", {in_, out_}, weight_initializer_);
  scope.declare(bias_, "bias", {out_}, bias_initializer_, {"bias"});
}

Dropout::Dropout(double probability) : probability_(probability) {
  if (!(probability >= 0 && probability < 1))
    throw std::invalid_argument("Dropout: probability " + std::to_string(probability) + ", expected 0 <= p < 1");
}

Var Dropout::drop(Forward& f, const Var& x) const { return dropout(x, probability_, f.random_key()); }
Var Dropout::forward(Forward& f, const Var& x) const { return f.training() && probability_ > 0 ? drop(f, x) : x; }
Var Dropout::forward(Forward& f, Var&& x) const {
  return f.training() && probability_ > 0 ? drop(f, last_use(x)) : x;
}

Var Flatten::forward(Forward&, const Var& x) const {
  const Shape& shape = x.shape();
  if (shape.rank() == 0) throw std::invalid_argument("Flatten: a scalar has no batch");
  return reshape(x, {shape[0], shape.size(1, shape.rank())});
}

void Sequential::declare(ParameterScope& scope) {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    ParameterScope child = scope.child(std::to_string(i));
    layers_[i].declare(child);
  }
}

Var Sequential::forward(Forward& f, const Var& x) const {
  x.tape().protect(x);  // a first layer that only passes it on must not make it the second one's own
  return forward(f, Var(x));
}
Var Sequential::forward(Forward& f, Var&& x) const {
  Var y = x;
  for (const Layer& layer : layers_) y = layer.forward(f, std::move(y));
  return y;
}

Var Unflatten::forward(Forward&, const Var& x) const {
  Shape shape{x.shape().rank() > 0 ? x.shape()[0] : 0};
  for (int axis = 0; axis < extents_.rank(); ++axis) shape.append(extents_[axis]);
  if (x.shape().rank() != 2 || x.shape()[1] != extents_.size())
    throw std::invalid_argument("Unflatten: " + x.shape().to_string() + " to examples of " + extents_.to_string() +
                                ", expected [batch, " + std::to_string(extents_.size()) + "]");
  return reshape(x, shape);
}

Layer activation(const std::string& name) {
  if (name == "relu") return Relu{};
  if (name == "tanh") return Tanh{};
  if (name == "sigmoid") return Sigmoid{};
  if (name == "softplus") return Softplus{};
  if (name == "gelu") return Gelu{};
  throw std::invalid_argument("unknown activation '" + name + "': expected relu, tanh, sigmoid, softplus or gelu");
}

Sequential multilayer_perceptron(std::span<const std::int64_t> sizes, const std::string& name, const Initializer& weight) {
  if (sizes.size() < 2) throw std::invalid_argument("multilayer_perceptron: fewer than two sizes");
  const Layer between = activation(name);
  std::vector<Layer> layers;
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    if (i > 0) layers.push_back(between);
    layers.push_back(Linear{sizes[i], sizes[i + 1], weight});
  }
  return Sequential(std::move(layers));
}

}  // namespace gradus::nn
