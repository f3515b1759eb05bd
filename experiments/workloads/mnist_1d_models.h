// The four networks of MNIST-1D's authors (Greydanus & Kobak 2024), [batch, points] -> [batch, outputs]. They begin as
// PyTorch's layers do: weights and biases uniform in +-1 / sqrt(numbers that one output reads).
#pragma once

#include <cmath>

#include "experiments/workloads/model.h"
#include "nn/layers.h"

namespace gradus::workloads {

inline nn::Initializer torch_uniform(std::int64_t fan_in) {
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  return nn::uniform(-bound, bound);
}
inline nn::Linear torch_linear(std::int64_t in, std::int64_t out) {
  return {in, out, torch_uniform(in), torch_uniform(in)};
}

// 410 parameters.
struct Mnist1dLinear {
  static ModelDescription describe() { return {"mnist-1d-linear", {}, {}}; }

  nn::Sequential make(const Task& task) const { return {torch_linear(task.input.size(), task.outputs)}; }
};

// h = relu(W1 x), then W3 (h + relu(W2 h)); 15,210 parameters.
struct Mnist1dMlp {
  std::int64_t hidden = 100;

  static ModelDescription describe() {
    return {"mnist-1d-mlp", {}, {settings::field<&Mnist1dMlp::hidden>(settings::at_least(1), "units of both layers")}};
  }

  nn::Sequential make(const Task& task) const {
    return {torch_linear(task.input.size(), hidden), nn::Relu{},
            nn::Residual{nn::Sequential{torch_linear(hidden, hidden), nn::Relu{}}}, torch_linear(hidden, task.outputs)};
  }
};

// Three convolutions that halve the length, 5, 3 and 3 wide with a zero at each end; 5,210 parameters.
struct Mnist1dCnn {
  std::int64_t channels = 25;

  static ModelDescription describe() {
    return {"mnist-1d-cnn", {}, {settings::field<&Mnist1dCnn::channels>(settings::at_least(1), "of each convolution")}};
  }

  nn::Sequential make(const Task& task) const {
    std::int64_t in = 1, length = task.input.size();
    std::vector<nn::Layer> layers{nn::Unflatten{{1, length, 1}}};
    for (const std::int64_t width : {5, 3, 3}) {
      if (length + 2 < width) refuse_task("mnist-1d-cnn", task, "at least 3 points");
      const nn::Initializer begin = torch_uniform(in * width);
      layers.push_back(nn::Conv2d{
          in, channels, {1, width}, {.stride = {1, 2}, .padding = padding(0, 1), .weight = begin, .bias = begin}});
      layers.push_back(nn::Relu{});
      in = channels;
      length = (length + 2 - width) / 2 + 1;
    }
    layers.push_back(nn::Flatten{});
    layers.push_back(torch_linear(length * channels, task.outputs));
    return nn::Sequential(std::move(layers));
  }
};

// Two gated recurrent layers, one from each end, and a dense layer on the states of all steps; 5,110 parameters:
// PyTorch counts 24 more, second biases of gates whose sum alone matters.
struct Mnist1dGru {
  std::int64_t hidden = 6;

  static ModelDescription describe() {
    return {
        "mnist-1d-gru", {}, {settings::field<&Mnist1dGru::hidden>(settings::at_least(1), "units of each direction")}};
  }

  nn::Sequential make(const Task& task) const {
    const std::int64_t length = task.input.size();
    const nn::Gru gru{nn::GruCell{1, hidden}};
    return {nn::Unflatten{{length, 1}},
            nn::TimeFirst{},
            nn::Bidirectional{gru, gru},
            nn::TimeFirst{},
            nn::Flatten{},
            torch_linear(2 * hidden * length, task.outputs)};
  }
};

}  // namespace gradus::workloads
