// Dense layers, [batch, numbers of an example] -> [batch, outputs].
#pragma once

#include "experiments/workloads/choices.h"
#include "experiments/workloads/model.h"
#include "nn/layers.h"

namespace gradus::workloads {

struct Mlp {
  std::vector<std::int64_t> hidden = {128};
  std::string activation = "relu";
  double dropout = 0;
  std::string initializer = "glorot_uniform";

  static ModelDescription describe() {
    return {"mlp",
            {sizes<&Mlp::hidden>(0, "sizes of the hidden layers, e.g. 256,128")},
            {named<&Mlp::activation, activations>("between the layers"),
             settings::field<&Mlp::dropout>(settings::decay(), "probability after each activation"),
             named<&Mlp::initializer, initializers>("of the weights; biases start at zero")}};
  }

  nn::Sequential make(const Task& task) const {
    std::vector<std::int64_t> sizes = {task.input.size()};
    sizes.insert(sizes.end(), hidden.begin(), hidden.end());
    sizes.push_back(task.outputs);
    return nn::multilayer_perceptron(sizes,
                                     {workloads::activation(activation), workloads::initializer(initializer), dropout});
  }
};

}  // namespace gradus::workloads
