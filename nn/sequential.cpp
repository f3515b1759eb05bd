#include "nn/sequential.h"

#include <string>

namespace gradus::nn {

void Sequential::declare(ParameterScope& scope) {
  for (std::size_t i = 0; i < layers_.size(); ++i) scope.declare_part(std::to_string(i), layers_[i]);
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

}  // namespace gradus::nn
