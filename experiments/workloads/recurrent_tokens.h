// Tokens in, logits at every position out, [batch, time] -> [batch, time, outputs], by recurrent layers.
#pragma once

#include "experiments/workloads/recurrent_network.h"

namespace gradus::workloads {

struct RecurrentTokens {
  std::string cell = "lstm";
  std::int64_t embedding = 32;
  std::int64_t hidden = 128;
  std::int64_t layers = 1;
  std::int64_t truncation = 0;

  static ModelDescription describe() {
    return {"recurrent-tokens",
            {},
            {named<&RecurrentTokens::cell, recurrent_layers>("of the layers"),
             settings::field<&RecurrentTokens::embedding>(settings::at_least(1), "numbers that stand for a token"),
             settings::field<&RecurrentTokens::hidden>(settings::at_least(1), "units"),
             settings::field<&RecurrentTokens::layers>(settings::at_least(1), "one above the other"),
             settings::field<&RecurrentTokens::truncation>(settings::at_least(0),
                                                           "steps through which derivatives flow; 0: all")}};
  }

  nn::Sequential make(const Task& task) const {
    if (task.input.rank() != 1 || task.tokens < 1) refuse_task("recurrent-tokens", task, "[time] tokens");
    std::vector<nn::Layer> all{nn::Embedding{task.tokens, embedding}, nn::TimeFirst{}};
    const RecurrentLayer make_layer = recurrent_layers().find(cell).value;
    for (std::int64_t i = 0; i < layers; ++i)
      all.push_back(make_layer(i == 0 ? embedding : hidden, hidden, truncation));
    all.push_back(nn::TimeFirst{});
    all.push_back(nn::PerPosition{nn::Linear{hidden, task.outputs}});
    return nn::Sequential(std::move(all));
  }
};

}  // namespace gradus::workloads
