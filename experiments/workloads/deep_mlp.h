// Many dense layers of one width, [batch, numbers of an example] -> [batch, outputs], with what is said to let
// gradients through: an initialiser and its gain, normalisation, and residual connections.
#pragma once

#include "autodiff/tensor/vectors.h"
#include "experiments/workloads/choices.h"
#include "experiments/workloads/model.h"
#include "nn/layers.h"

namespace gradus::workloads {

// Between a dense layer and its activation, from its width.
using FeatureNorm = std::vector<nn::Layer> (*)(std::int64_t features);
inline const settings::Catalogue<Named<FeatureNorm>>& feature_norms() {
  static const settings::Catalogue<Named<FeatureNorm>> all(
      "norm", {{"none", [](std::int64_t) { return std::vector<nn::Layer>{}; }},
               {"batch", [](std::int64_t n) { return std::vector<nn::Layer>{nn::BatchNorm{n}}; }},
               {"layer", [](std::int64_t n) { return std::vector<nn::Layer>{nn::LayerNorm{n}}; }}});
  return all;
}

struct DeepMlp {
  std::int64_t depth = 20;
  std::int64_t width = 64;
  std::string activation = "tanh";
  std::string initializer = "glorot_normal";
  double gain = 1;
  std::string norm = "none";
  bool residual = false;

  static ModelDescription describe() {
    return {"deep-mlp",
            {},
            {settings::field<&DeepMlp::depth>(settings::at_least(1), "hidden layers"),
             settings::field<&DeepMlp::width>(settings::at_least(1), "units of each"),
             named<&DeepMlp::activation, activations>("of the hidden layers"),
             named<&DeepMlp::initializer, initializers>("of the weights; biases start at zero"),
             settings::field<&DeepMlp::gain>(settings::positive(), "that the initial weights are multiplied by"),
             named<&DeepMlp::norm, feature_norms>("before each activation"),
             settings::field<&DeepMlp::residual>("each hidden layer but the first adds its input to what it makes")}};
  }

  nn::Sequential make(const Task& task) const {
    const nn::Initializer plain = workloads::initializer(initializer);
    const nn::Initializer weight{plain.name, [plain, gain = gain](const Tensor& parameter, RandomStream& random) {
                                   plain.fill(parameter, random);
                                   vectors::scale(gain, parameter);
                                 }};
    const auto hidden = [&](std::int64_t in) {
      std::vector<nn::Layer> layers{nn::Linear{in, width, weight}};
      for (nn::Layer& layer : feature_norms().find(norm).value(width)) layers.push_back(std::move(layer));
      layers.push_back(workloads::activation(activation));
      return nn::Sequential(std::move(layers));
    };
    std::vector<nn::Layer> all{hidden(task.input.size())};
    for (std::int64_t i = 1; i < depth; ++i) {
      if (residual)
        all.push_back(nn::Residual{hidden(width)});
      else
        all.push_back(hidden(width));
    }
    all.push_back(nn::Linear{width, task.outputs, weight});
    return nn::Sequential(std::move(all));
  }
};

}  // namespace gradus::workloads
