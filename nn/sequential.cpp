#include "nn/sequential.h"

#include <string>

namespace gradus::nn {

Sequential::Sequential(std::vector<Layer> layers) : layers_(std::move(layers)) {
  for (std::size_t i = 0; i < layers_.size(); ++i) names_.push_back(std::to_string(i));
}

void Sequential::declare(ParameterScope& scope) {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const std::string place = std::to_string(i);
    scope.declare_part(place, layers_[i]);
    names_[i] = scope.name_of(place);
  }
}

Var Sequential::forward(Forward& f, const Var& x) const {
  x.tape().protect(x);  // a first layer that only passes it on must not make it the second one's own
  return forward(f, Var(x));
}

Var Sequential::forward(Forward& f, Var&& x) const {
  Var y = x;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    y = layers_[i].forward(f, std::move(y));
    f.observe(names_[i], y);
  }
  return y;
}

}  // namespace gradus::nn
