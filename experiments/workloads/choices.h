// Activations and initialisers by name, as options ask for them.
#pragma once

#include <string>
#include <string_view>

#include "nn/initializers.h"
#include "nn/layer.h"
#include "settings/catalogue.h"

namespace gradus::workloads {

template <class T>
struct Named {
  std::string name;
  T value;
};
// relu, tanh, sigmoid, softplus, gelu
const settings::Catalogue<Named<nn::Layer>>& activations();
// Throws std::invalid_argument, with the nearest name and the list, for one that is not among them.
inline const nn::Layer& activation(std::string_view name) { return activations().find(name).value; }

// Those without arguments (nn/initializers.h): glorot_uniform, ...
const settings::Catalogue<nn::Initializer>& initializers();
inline const nn::Initializer& initializer(std::string_view name) { return initializers().find(name); }

}  // namespace gradus::workloads
