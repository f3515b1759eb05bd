// A decoder, int32 tokens [batch, time] -> logits [batch, time, outputs]. Radford et al. (2019).
#pragma once

#include "experiments/workloads/choices.h"
#include "experiments/workloads/model.h"
#include "nn/layers.h"

namespace gradus::workloads {

struct Transformer {
  std::int64_t width = 128;
  std::int64_t heads = 4;
  std::int64_t layers = 4;
  std::int64_t hidden = 0;
  double dropout = 0;
  std::string activation = "gelu";

  static ModelDescription describe() {
    return {"transformer",
            {},
            {settings::field<&Transformer::width>(settings::at_least(1), "of the embedding"),
             settings::field<&Transformer::heads>(settings::at_least(1), "of attention"),
             settings::field<&Transformer::layers>(settings::at_least(1), "blocks"),
             settings::field<&Transformer::hidden>(settings::at_least(0),
                                                   "units of a block's network; 0: four times the width"),
             settings::field<&Transformer::dropout>(settings::decay(), "probability"),
             named<&Transformer::activation, activations>("of a block's network")}};
  }

  nn::Sequential make(const Task& task) const {
    if (task.input.rank() != 1) refuse_task("transformer", task, "[time] tokens");
    const nn::TransformerBlock::Options options{
        .hidden = hidden, .causal = true, .dropout = dropout, .activation = workloads::activation(activation)};
    std::vector<nn::Layer> all{nn::Embedding{task.tokens > 0 ? task.tokens : task.outputs, width, nn::normal(0.02)},
                               nn::LearnedPositions{task.input[0], width}};
    for (std::int64_t i = 0; i < layers; ++i) all.push_back(nn::TransformerBlock{width, heads, options});
    all.push_back(nn::LayerNorm{width});
    all.push_back(nn::PerPosition{nn::Linear{width, task.outputs}});
    return nn::Sequential(std::move(all));
  }
};

}  // namespace gradus::workloads
