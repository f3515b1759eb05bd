// Activations and initialisers by name, as options ask for them.
#pragma once

#include <string>
#include <vector>

#include "nn/initializers.h"
#include "nn/layer.h"

namespace gradus::workloads {

// relu, tanh, sigmoid, softplus, gelu. Throws std::invalid_argument, with the nearest name and the list, for another one.
nn::Layer activation(const std::string& name);
const std::vector<std::string>& activation_names();

// Those without arguments (nn/initializers.h): glorot_uniform, ... The same.
nn::Initializer initializer(const std::string& name);
const std::vector<std::string>& initializer_names();

}  // namespace gradus::workloads
