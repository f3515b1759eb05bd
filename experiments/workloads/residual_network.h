// A small residual network, [batch, pixels] -> [batch, outputs]. He et al. (2016), section 4.2.
#pragma once

#include "experiments/workloads/choices.h"
#include "experiments/workloads/model.h"
#include "nn/layers.h"

namespace gradus::workloads {

// Of the channels.
inline const settings::Catalogue<Named<nn::ResidualBlock::Norm>>& channel_norms() {
  using enum nn::ResidualBlock::Norm;
  static const settings::Catalogue<Named<nn::ResidualBlock::Norm>> all(
      "norm", {{"batch", batch}, {"group", group}, {"none", none}});
  return all;
}

struct ResidualNetwork {
  std::int64_t first_width = 16;
  std::int64_t blocks = 1;
  std::string norm = "batch";

  static ModelDescription describe() {
    return {"resnet",
            {},
            {settings::field<&ResidualNetwork::first_width>(settings::at_least(1),
                                                            "channels of the first stage; doubled twice"),
             settings::field<&ResidualNetwork::blocks>(settings::at_least(1), "in each of the three stages"),
             named<&ResidualNetwork::norm, channel_norms>("of the channels")}};
  }

  nn::Sequential make(const Task& task) const {
    const Shape image = image_of("resnet", task);
    const nn::ResidualBlock::Norm kind = channel_norms().find(norm).value;
    std::vector<nn::Layer> layers{nn::Unflatten{image},
                                  nn::Conv2d{image[2], first_width, {3, 3}, {.padding = same_padding()}}};
    for (const nn::Layer& layer : nn::ResidualBlock::normalization(first_width, kind)) layers.push_back(layer);
    layers.push_back(nn::Relu{});
    std::int64_t in = first_width, height = image[0], width = image[1];
    for (int stage = 0; stage < 3; ++stage)
      for (std::int64_t block = 0; block < blocks; ++block) {
        const std::int64_t out = first_width << stage, stride = stage > 0 && block == 0 ? 2 : 1;
        layers.push_back(nn::ResidualBlock{in, out, stride, kind});
        in = out;
        height = (height + stride - 1) / stride;
        width = (width + stride - 1) / stride;
      }
    layers.push_back(nn::AvgPool2d{{height, width}});
    layers.push_back(nn::Flatten{});
    layers.push_back(nn::Linear{in, task.outputs});
    return nn::Sequential(std::move(layers));
  }
};

}  // namespace gradus::workloads
