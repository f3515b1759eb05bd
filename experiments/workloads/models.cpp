#include "experiments/workloads/models.h"

#include <fmt/format.h>

#include <stdexcept>

#include "nn/layers.h"

namespace gradus::workloads {
namespace {

[[noreturn]] void refuse(const char* model, const Task& task, const char* expected) {
  throw std::invalid_argument(
      fmt::format("model {}: examples of {}, expected {}", model, task.input.to_string(), expected));
}

// Rows of pixels as images [height, width, channels].
Shape image_of(const char* model, const Task& task) {
  const int rank = task.input.rank();
  if (rank != 2 && rank != 3) refuse(model, task, "[height, width] or [height, width, channels]");
  return {task.input[0], task.input[1], rank == 3 ? task.input[2] : 1};
}

nn::ResidualBlock::Norm norm_by_name(const std::string& name) {
  using enum nn::ResidualBlock::Norm;
  if (name == "batch") return batch;
  if (name == "group") return group;
  if (name == "none") return none;
  throw std::invalid_argument(fmt::format("model resnet: norm={}: expected batch, group or none", name));
}

nn::Layer recurrent_layer(const std::string& cell, std::int64_t in, std::int64_t hidden, std::int64_t truncation) {
  if (cell == "lstm") return nn::Lstm{nn::LstmCell{in, hidden}, truncation};
  if (cell == "gru") return nn::Gru{nn::GruCell{in, hidden}, truncation};
  if (cell == "rnn") return nn::Rnn{nn::RnnCell{in, hidden}, truncation};
  throw std::invalid_argument(fmt::format("model recurrent: cell={}: expected lstm, gru or rnn", cell));
}

}  // namespace

nn::Sequential Mlp::make(const Task& task) const {
  std::vector<std::int64_t> sizes = {task.input.size()};
  sizes.insert(sizes.end(), hidden.begin(), hidden.end());
  sizes.push_back(task.outputs);
  return nn::multilayer_perceptron(sizes,
                                   {workloads::activation(activation), workloads::initializer(initializer), dropout});
}

nn::Sequential Autoencoder::make(const Task&) const {
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

// 'same' pooling as in TensorFlow: a last window may stand over the edge. The maximum comes before the rectifier: the
// same function and derivative, with a quarter of the rectifier's work.
nn::Sequential TwoConvolutions::make(const Task& task) const {
  const Shape image = image_of(name, task);
  const nn::Conv2d::Options same{.padding = same_padding()};
  const nn::MaxPool2d half{{2, 2}, {2, 2}, same_padding()};
  const std::int64_t pixels = ((image[0] + 3) / 4) * ((image[1] + 3) / 4);
  return {nn::Unflatten{image},
          nn::Conv2d{image[2], 32, {5, 5}, same},
          half,
          nn::Relu{},
          nn::Conv2d{32, 64, {5, 5}, same},
          half,
          nn::Relu{},
          nn::Flatten{},
          nn::Linear{pixels * 64, 1024},
          nn::Relu{},
          nn::Linear{1024, task.outputs}};
}

nn::Sequential ResidualNetwork::make(const Task& task) const {
  const Shape image = image_of(name, task);
  const nn::ResidualBlock::Norm kind = norm_by_name(norm);
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

nn::Sequential RecurrentNetwork::make(const Task& task) const {
  if (task.input.rank() != 2) refuse(name, task, "[time, features]");
  std::vector<nn::Layer> all{nn::Unflatten{task.input}, nn::TimeFirst{}};
  for (std::int64_t i = 0; i < layers; ++i)
    all.push_back(recurrent_layer(cell, i == 0 ? task.input[1] : hidden, hidden, truncation));
  all.push_back(nn::LastStep{});
  all.push_back(nn::Linear{hidden, task.outputs});
  return nn::Sequential(std::move(all));
}

nn::Sequential Transformer::make(const Task& task) const {
  if (task.input.rank() != 1) refuse(name, task, "[time] tokens");
  const nn::TransformerBlock::Options options{
      .hidden = hidden, .causal = true, .dropout = dropout, .activation = workloads::activation(activation)};
  std::vector<nn::Layer> all{nn::Embedding{task.outputs, width, nn::normal(0.02)},
                             nn::LearnedPositions{task.input[0], width}};
  for (std::int64_t i = 0; i < layers; ++i) all.push_back(nn::TransformerBlock{width, heads, options});
  all.push_back(nn::LayerNorm{width});
  all.push_back(nn::PerPosition{nn::Linear{width, task.outputs}});
  return nn::Sequential(std::move(all));
}

const settings::Catalogue<Model>& models() {
  static const settings::Catalogue<Model> all(
      "model", {Mlp{}, Autoencoder{}, TwoConvolutions{}, ResidualNetwork{}, RecurrentNetwork{}, Transformer{}});
  return all;
}

Model choose_model(lab::Run& run, const Model& fallback) {
  const std::string name = run.option("model", fallback.name, "the network", lab::one_of(models().names()));
  return (name == fallback.name ? fallback : models().find(name)).with_options(run);
}

}  // namespace gradus::workloads
