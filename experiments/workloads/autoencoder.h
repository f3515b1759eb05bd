// Encoder and mirrored decoder, [batch, first size] -> the same; the code and the output are linear. The first size
// must be that of an example. Hinton & Salakhutdinov (2006).
#pragma once

#include "experiments/workloads/choices.h"
#include "experiments/workloads/model.h"
#include "nn/layers.h"

namespace gradus::workloads {

struct Autoencoder {
  std::vector<std::int64_t> sizes = {784, 1000, 500, 250, 30};
  std::string activation = "sigmoid";
  std::string initializer = "glorot_uniform";

  static ModelDescription describe() {
    return {"autoencoder",
            {workloads::sizes<&Autoencoder::sizes>(2, "of the encoder's layers; the decoder mirrors them")},
            {named<&Autoencoder::activation, activations>("of the layers between"),
             named<&Autoencoder::initializer, initializers>("of the weights; biases start at zero")}};
  }

  nn::Sequential make(const Task&) const {
    if (sizes.size() < 2) throw std::invalid_argument("model autoencoder: expected at least 2 sizes");
    std::vector<nn::Layer> layers;
    const auto dense = [&](std::int64_t in, std::int64_t out, bool linear) {
      layers.push_back(nn::Linear{in, out, workloads::initializer(initializer)});
      if (!linear) layers.push_back(workloads::activation(activation));
    };
    for (std::size_t i = 0; i + 1 < sizes.size(); ++i) dense(sizes[i], sizes[i + 1], i + 2 == sizes.size());
    for (std::size_t i = sizes.size() - 1; i > 0; --i) dense(sizes[i], sizes[i - 1], i == 1);
    return nn::Sequential(std::move(layers));
  }
};

}  // namespace gradus::workloads
