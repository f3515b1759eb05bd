// Dense layers, one after the other.
#pragma once

#include <span>

#include "nn/layers/activations.h"
#include "nn/sequential.h"

namespace gradus::nn {

struct PerceptronOptions {
  Layer activation = Relu{};
  Initializer weight = glorot_uniform();  // biases begin at 0
  double dropout = 0;                     // probability, after each activation
};

// x[batch, first size] -> [batch, last size]: a Linear from each size to the next, with an activation (and dropout, if
// there is any) between two of them.
Sequential multilayer_perceptron(std::span<const std::int64_t> sizes, const PerceptronOptions& options = {});
Sequential multilayer_perceptron(std::initializer_list<std::int64_t> sizes, const PerceptronOptions& options = {});

}  // namespace gradus::nn
