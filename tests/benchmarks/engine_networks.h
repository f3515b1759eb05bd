// The networks that engine_benchmark.cpp differentiates, from the layers that a user has.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "autodiff/gradient.h"
#include "autodiff/linearization.h"
#include "nn/layers.h"
#include "nn/losses.h"
#include "optim/objective.h"

namespace networks {

using namespace gradus;

// A model on one batch.
class Problem {
 public:
  Problem(nn::Layer model, Tensor inputs, Tensor targets, nn::Loss loss_of)
      : model_(std::move(model)), inputs_(std::move(inputs)), targets_(std::move(targets)), loss_(std::move(loss_of)) {
    nn::ParameterScope scope(parameters_);
    model_.declare(scope);
    theta_ = parameters_.initial(DType::float32, RandomStream(1, "initialisation"));
    parameter_views_ = parameters_.views(theta_);
  }

  const nn::ParameterSet& parameters() const { return parameters_; }
  const Tensor& theta() const { return theta_; }
  // A vector of the parameters' length.
  Tensor vector() const { return Tensor::uninitialized({parameters_.size()}, DType::float32); }
  Tensor direction() const {
    const Tensor v = vector();
    RandomStream random(2, "direction");
    for (float& x : v.elements<float>()) x = static_cast<float>(random.normal());
    return v;
  }

  double loss() { return record().loss.item(); }
  double gradient(const Tensor& out) {
    const Var loss = record().loss;
    if (out.raw() != gradient_memory_) {
      gradient_views_ = parameters_.views(out);
      gradient_memory_ = out.raw();
    }
    last_gradient(loss, leaves_, gradient_views_);
    return loss.item();
  }
  // Value and gradient, recorded: what curvature products are made of.
  Linearization linearize() {
    const auto [outputs, loss] = record();
    return Linearization(loss, outputs, leaves_);
  }

 private:
  struct Recorded {
    Var outputs, loss;
  };
  Recorded record() {
    tape_.reset();
    leaves_.clear();
    for (const Tensor& view : parameter_views_) leaves_.push_back(tape_.leaf(view));
    nn::Forward pass(leaves_, nn::Mode::train, RandomStream(0));
    const Var outputs = model_.forward(pass, tape_.leaf(inputs_));
    return {outputs, loss_(outputs, tape_.leaf(targets_))};
  }

  nn::Layer model_;
  Tensor inputs_, targets_;
  nn::Loss loss_;
  nn::ParameterSet parameters_;
  Tensor theta_;
  std::vector<Tensor> parameter_views_, gradient_views_;
  const void* gradient_memory_ = nullptr;
  Tape tape_;
  std::vector<Var> leaves_;
};

// A problem as an optimizer sees it.
class ProblemObjective final : public optim::Objective {
 public:
  ProblemObjective(Problem (*make)(std::int64_t batch), std::int64_t batch) : problem(make(batch)) {}
  std::int64_t size() const override { return problem.theta().size(); }
  DType dtype() const override { return DType::float32; }
  double compute_value(const Tensor&) override { return problem.loss(); }
  double compute_gradient(const Tensor&, const Tensor& gradient) override { return problem.gradient(gradient); }

  Problem problem;
};

inline Tensor uniform(const Shape& shape) {
  const Tensor tensor = Tensor::uninitialized(shape, DType::float32);
  RandomStream random(3, "inputs");
  for (float& x : tensor.elements<float>()) x = static_cast<float>(random.uniform());
  return tensor;
}

inline Tensor labels(const Shape& shape, std::uint64_t classes) {
  const Tensor tensor = Tensor::uninitialized(shape, DType::int32);
  RandomStream random(4, "labels");
  for (std::int32_t& x : tensor.elements<std::int32_t>()) x = static_cast<std::int32_t>(random.below(classes));
  return tensor;
}

inline Problem tiny(std::int64_t batch) {
  return Problem(nn::multilayer_perceptron({2, 16, 1}), uniform({batch, 2}), uniform({batch, 1}),
                 nn::mean_squared_error);
}

inline Problem classifier(std::int64_t batch) {
  return Problem(nn::multilayer_perceptron({784, 128, 10}), uniform({batch, 784}), labels({batch}, 10),
                 nn::cross_entropy);
}

// The sizes of Hinton & Salakhutdinov (2006).
inline constexpr std::array<std::int64_t, 9> autoencoder_sizes{784, 1000, 500, 250, 30, 250, 500, 1000, 784};

inline Problem autoencoder(std::int64_t batch) {
  std::vector<nn::Layer> layers;
  for (std::size_t i = 0; i + 1 < autoencoder_sizes.size(); ++i) {
    layers.push_back(nn::Linear(autoencoder_sizes[i], autoencoder_sizes[i + 1]));
    if (autoencoder_sizes[i + 1] != 30) layers.push_back(nn::Sigmoid());  // the code is linear
  }
  const Tensor images = uniform({batch, 784});
  return Problem(nn::Sequential(std::move(layers)), images, images, nn::mean_squared_error);
}

// The convolutional network 2c2d of DeepOBS (Schneider, Balles & Hennig 2019). The maximum comes before the rectifier:
// the same function and derivative, with a quarter of the rectifier's work (experiments/workloads/models.cpp does so
// too).
inline Problem convolutional(std::int64_t batch) {
  const nn::Conv2d::Options same{.padding = same_padding()};
  nn::Sequential model{nn::Conv2d(1, 32, {5, 5}, same),
                       nn::MaxPool2d({2, 2}),
                       nn::Relu(),
                       nn::Conv2d(32, 64, {5, 5}, same),
                       nn::MaxPool2d({2, 2}),
                       nn::Relu(),
                       nn::Flatten(),
                       nn::Linear(7 * 7 * 64, 1024),
                       nn::Relu(),
                       nn::Linear(1024, 10)};
  return Problem(std::move(model), uniform({batch, 28, 28, 1}), labels({batch}, 10), nn::cross_entropy);
}

// The hidden state after the last of all steps.
struct LastHidden {
  nn::LstmCell cell;
  void declare(nn::ParameterScope& scope) { cell.declare(scope); }
  Var forward(nn::Forward& f, const Var& x) const {
    return cell.run(f, x, cell.zero_state(x.tape(), x.shape()[1])).state.hidden;
  }
};

inline constexpr std::int64_t lstm_steps = 100;
inline constexpr std::int64_t lstm_features = 64;
inline constexpr std::int64_t lstm_hidden = 128;

inline Problem recurrent(std::int64_t batch) {
  return Problem(LastHidden{nn::LstmCell(lstm_features, lstm_hidden)}, uniform({lstm_steps, batch, lstm_features}),
                 uniform({batch, lstm_hidden}), nn::mean_squared_error);
}

inline constexpr std::int64_t transformer_layers = 4;
inline constexpr std::int64_t transformer_width = 128;
inline constexpr std::int64_t transformer_heads = 4;
inline constexpr std::int64_t transformer_tokens = 64;
inline constexpr std::int64_t transformer_vocabulary = 64;

inline Problem transformer(std::int64_t batch) {
  constexpr std::int64_t width = transformer_width, vocabulary = transformer_vocabulary;
  std::vector<nn::Layer> parts{nn::Embedding(vocabulary, width), nn::LearnedPositions(transformer_tokens, width)};
  for (int i = 0; i < transformer_layers; ++i)
    parts.push_back(nn::TransformerBlock(width, transformer_heads,
                                         {.hidden = 4 * width, .causal = true, .activation = nn::Gelu{}}));
  parts.push_back(nn::LayerNorm(width));
  parts.push_back(nn::PerPosition(nn::Linear(width, vocabulary)));
  const Tensor text = labels({batch, transformer_tokens}, vocabulary);
  return Problem(nn::Sequential(std::move(parts)), text, text, nn::cross_entropy);
}

struct Network {
  std::string name;
  std::int64_t batch;
  Problem (*make)(std::int64_t batch);
  Problem problem() const { return make(batch); }
  std::string title() const { return name + "/" + std::to_string(batch); }
};

inline const std::vector<Network>& all() {
  static const std::vector<Network> networks = {{"784-128-10", 32, classifier},    {"784-128-10", 256, classifier},
                                                {"autoencoder", 128, autoencoder}, {"2c2d", 128, convolutional},
                                                {"lstm", 32, recurrent},           {"transformer", 16, transformer}};
  return networks;
}

}  // namespace networks
