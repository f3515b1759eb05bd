// The last state of recurrent layers, [batch, time * features] -> [batch, outputs]; an image is read line by line.
#pragma once

#include "experiments/workloads/choices.h"
#include "experiments/workloads/model.h"
#include "nn/layers.h"

namespace gradus::workloads {

// A layer from `in` features to `hidden` units, whose derivatives flow through `truncation` steps.
using RecurrentLayer = nn::Layer (*)(std::int64_t in, std::int64_t hidden, std::int64_t truncation);
template <class L, class Cell>
nn::Layer recurrent_layer(std::int64_t in, std::int64_t hidden, std::int64_t truncation) {
  return L{Cell{in, hidden}, truncation};
}
inline const settings::Catalogue<Named<RecurrentLayer>>& recurrent_layers() {
  static const settings::Catalogue<Named<RecurrentLayer>> all("cell",
                                                              {{"lstm", recurrent_layer<nn::Lstm, nn::LstmCell>},
                                                               {"gru", recurrent_layer<nn::Gru, nn::GruCell>},
                                                               {"rnn", recurrent_layer<nn::Rnn, nn::RnnCell>}});
  return all;
}

struct RecurrentNetwork {
  std::string cell = "lstm";
  std::int64_t hidden = 128;
  std::int64_t layers = 1;
  std::int64_t truncation = 0;

  static ModelDescription describe() {
    return {"recurrent",
            {},
            {named<&RecurrentNetwork::cell, recurrent_layers>("of the layers"),
             settings::field<&RecurrentNetwork::hidden>(settings::at_least(1), "units"),
             settings::field<&RecurrentNetwork::layers>(settings::at_least(1), "one above the other"),
             settings::field<&RecurrentNetwork::truncation>(settings::at_least(0),
                                                            "steps through which derivatives flow; 0: all")}};
  }

  nn::Sequential make(const Task& task) const {
    if (task.input.rank() != 2) refuse_task("recurrent", task, "[time, features]");
    std::vector<nn::Layer> all{nn::Unflatten{task.input}, nn::TimeFirst{}};
    const RecurrentLayer make_layer = recurrent_layers().find(cell).value;
    for (std::int64_t i = 0; i < layers; ++i)
      all.push_back(make_layer(i == 0 ? task.input[1] : hidden, hidden, truncation));
    all.push_back(nn::LastStep{});
    all.push_back(nn::Linear{hidden, task.outputs});
    return nn::Sequential(std::move(all));
  }
};

}  // namespace gradus::workloads
