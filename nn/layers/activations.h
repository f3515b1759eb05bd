// Layers without parameters that are one function of each element, or of each row.
#pragma once

#include "autodiff/operations/activations.h"
#include "autodiff/operations/softmax.h"
#include "nn/layer.h"

namespace gradus::nn {

// Called with a temporary, it may write its result over that.
template <auto function>
struct Activation {
  void declare(ParameterScope&) {}
  Var forward(Forward&, const Var& x) const { return function(x); }
  Var forward(Forward&, Var&& x) const { return function(last_use(x)); }
};
using Relu = Activation<[](const Var& x) { return relu(x); }>;
using Tanh = Activation<[](const Var& x) { return tanh(x); }>;
using Sigmoid = Activation<[](const Var& x) { return sigmoid(x); }>;
using Softplus = Activation<[](const Var& x) { return softplus(x); }>;
using Gelu = Activation<[](const Var& x) { return gelu(x); }>;
using Softmax = Activation<[](const Var& x) { return softmax(x); }>;

}  // namespace gradus::nn
