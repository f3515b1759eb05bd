#include "nn/layers/multilayer_perceptron.h"

#include "nn/layers/dropout.h"
#include "nn/layers/linear.h"

namespace gradus::nn {

Sequential multilayer_perceptron(std::span<const std::int64_t> sizes, const PerceptronOptions& options) {
  if (sizes.size() < 2) throw std::invalid_argument("multilayer_perceptron: fewer than two sizes");
  std::vector<Layer> layers;
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    if (i > 0) layers.push_back(options.activation);
    if (i > 0 && options.dropout > 0) layers.push_back(Dropout{options.dropout});
    layers.push_back(Linear{sizes[i], sizes[i + 1], options.weight});
  }
  return Sequential(std::move(layers));
}

Sequential multilayer_perceptron(std::initializer_list<std::int64_t> sizes, const PerceptronOptions& options) {
  return multilayer_perceptron(std::span(sizes.begin(), sizes.size()), options);
}

}  // namespace gradus::nn
