// The networks of engine_benchmark.cpp in libtorch: gradients, Hessian-vector products on a retained graph, and the
// memory that each takes. Built as one would who wants speed: fused linear layers, one product for the queries, keys
// and values of all heads, scale and causal mask within the product of the scores, gradients set to none.
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "memory.h"
#include "torch_peer.h"

namespace {

using peer::Parameters;
using torch::Tensor;
namespace F = torch::nn::functional;

// A model on one batch.
struct Problem {
  template <class Model>
  Problem(std::shared_ptr<Model> model, Tensor inputs, Tensor targets)
      : parameters(model->parameters()), loss([=] { return model->loss(inputs, targets); }) {}

  Parameters parameters;
  std::function<Tensor()> loss;

  void gradient() const {
    peer::set_gradients_to_none(parameters);
    loss().backward();
  }
  // The gradient as a graph, which the products below differentiate again.
  Parameters record_gradient() const { return torch::autograd::grad({loss()}, parameters, {}, true, true); }
  Parameters hessian_times(const Parameters& v, const Parameters& recorded) const {
    return torch::autograd::grad(recorded, parameters, v, true);
  }
  Parameters direction() const {
    Parameters v;
    for (const Tensor& parameter : parameters) v.push_back(torch::randn_like(parameter).detach());
    return v;
  }
};

struct Classifier : torch::nn::Module {
  torch::nn::Linear hidden{register_module("hidden", torch::nn::Linear(784, 128))};
  torch::nn::Linear output{register_module("output", torch::nn::Linear(128, 10))};
  Tensor loss(const Tensor& x, const Tensor& labels) {
    return F::cross_entropy(output(torch::relu(hidden(x))), labels);
  }
};
Problem classifier(int batch) {
  return Problem(std::make_shared<Classifier>(), torch::rand({batch, 784}), torch::randint(10, {batch}, torch::kInt64));
}

// Hinton & Salakhutdinov (2006).
struct Autoencoder : torch::nn::Module {
  torch::nn::Sequential layers{register_module("layers", torch::nn::Sequential())};
  Autoencoder() {
    const int sizes[] = {784, 1000, 500, 250, 30, 250, 500, 1000, 784};
    for (int i = 0; i < 8; ++i) {
      layers->push_back(torch::nn::Linear(sizes[i], sizes[i + 1]));
      if (sizes[i + 1] != 30) layers->push_back(torch::nn::Sigmoid());  // the code is linear
    }
  }
  Tensor loss(const Tensor& x, const Tensor& target) { return torch::mse_loss(layers->forward(x), target); }
};
Problem autoencoder(int batch) {
  const Tensor images = torch::rand({batch, 784});
  return Problem(std::make_shared<Autoencoder>(), images, images);
}

// The convolutional network 2c2d of DeepOBS (Schneider, Balles & Hennig 2019). Images have libtorch's own layout: with
// channels last libtorch 1.13 is no faster.
struct Convolutional : torch::nn::Module {
  torch::nn::Conv2d first{register_module("first", torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 32, 5).padding(2)))};
  torch::nn::Conv2d second{
      register_module("second", torch::nn::Conv2d(torch::nn::Conv2dOptions(32, 64, 5).padding(2)))};
  torch::nn::Linear hidden{register_module("hidden", torch::nn::Linear(7 * 7 * 64, 1024))};
  torch::nn::Linear output{register_module("output", torch::nn::Linear(1024, 10))};
  Tensor loss(const Tensor& x, const Tensor& labels) {
    const Tensor y = torch::max_pool2d(torch::relu(first(x)), 2);
    const Tensor z = torch::max_pool2d(torch::relu(second(y)), 2);
    return F::cross_entropy(output(torch::relu(hidden(z.flatten(1)))), labels);
  }
};
Problem convolutional(int batch) {
  return Problem(std::make_shared<Convolutional>(), torch::rand({batch, 1, 28, 28}),
                 torch::randint(10, {batch}, torch::kInt64));
}

constexpr int steps = 100, features = 64, hidden_units = 128;

struct Recurrent : torch::nn::Module {
  torch::nn::LSTM lstm{register_module("lstm", torch::nn::LSTM(features, hidden_units))};
  Tensor loss(const Tensor& x, const Tensor& target) { return torch::mse_loss(std::get<0>(lstm(x))[-1], target); }
};
Problem recurrent(int batch) {
  return Problem(std::make_shared<Recurrent>(), torch::randn({steps, batch, features}),
                 torch::rand({batch, hidden_units}) * 2 - 1);
}

constexpr int layers = 4, width = 128, heads = 4, inner = 512, tokens = 64, vocabulary = 64;

torch::nn::LayerNorm layer_norm() { return torch::nn::LayerNorm(torch::nn::LayerNormOptions({width})); }

struct Block : torch::nn::Module {
  torch::nn::LayerNorm attention_norm{register_module("attention_norm", layer_norm())};
  torch::nn::LayerNorm network_norm{register_module("network_norm", layer_norm())};
  torch::nn::Linear in{register_module("in", torch::nn::Linear(width, 3 * width))};
  torch::nn::Linear out{register_module("out", torch::nn::Linear(width, width))};
  torch::nn::Linear up{register_module("up", torch::nn::Linear(width, inner))};
  torch::nn::Linear down{register_module("down", torch::nn::Linear(inner, width))};

  // x[batch, tokens, width]; mask[tokens, tokens] is 0 or minus infinity.
  Tensor forward(const Tensor& x, const Tensor& mask) {
    const std::int64_t batch = x.size(0), share = width / heads;
    const auto parts = in(attention_norm(x))
                           .view({batch, tokens, 3, heads, share})
                           .permute({2, 0, 3, 1, 4})
                           .reshape({3, batch * heads, tokens, share})
                           .unbind(0);
    const Tensor scores = torch::baddbmm(mask, parts[0], parts[1].transpose(1, 2), 1, 1 / std::sqrt(double(share)));
    const Tensor seen = torch::bmm(torch::softmax(scores, -1), parts[2]);
    const Tensor rows = seen.view({batch, heads, tokens, share}).transpose(1, 2).reshape({batch, tokens, width});
    const Tensor y = x + out(rows);
    return y + down(torch::gelu(up(network_norm(y))));
  }
};

struct Transformer : torch::nn::Module {
  torch::nn::Embedding embedding{register_module("embedding", torch::nn::Embedding(vocabulary, width))};
  Tensor positions{register_parameter("positions", torch::randn({tokens, width}) * 0.02)};
  std::vector<std::shared_ptr<Block>> blocks;
  torch::nn::LayerNorm norm{register_module("norm", layer_norm())};
  torch::nn::Linear output{register_module("output", torch::nn::Linear(width, vocabulary))};
  Tensor mask = torch::full({tokens, tokens}, -INFINITY).triu(1);
  Transformer() {
    for (int i = 0; i < layers; ++i)
      blocks.push_back(register_module("block" + std::to_string(i), std::make_shared<Block>()));
  }
  Tensor loss(const Tensor& x, const Tensor& labels) {
    Tensor y = embedding(x) + positions;
    for (const auto& block : blocks) y = block->forward(y, mask);
    return F::cross_entropy(output(norm(y)).view({-1, vocabulary}), labels.view({-1}));
  }
};
Problem transformer(int batch) {
  const Tensor text = torch::randint(vocabulary, {batch, tokens}, torch::kInt64);
  return Problem(std::make_shared<Transformer>(), text, text);
}

struct Network {
  std::string name;
  int batch;
  Problem (*make)(int batch);
  Problem problem() const {
    torch::manual_seed(1);
    return make(batch);
  }
  std::string title() const { return name + "/" + std::to_string(batch); }
};
const std::vector<Network>& networks() {
  static const std::vector<Network> all = {{"784-128-10", 32, classifier},    {"784-128-10", 256, classifier},
                                           {"autoencoder", 128, autoencoder}, {"2c2d", 128, convolutional},
                                           {"lstm", 32, recurrent},           {"transformer", 16, transformer}};
  return all;
}

void gradient(benchmark::State& state, const Network& network) {
  const Problem problem = network.problem();
  peer::repeat(state, [&] { problem.gradient(); });
  for (const Tensor& parameter : problem.parameters) peer::require_finite(state, parameter.grad());
}

void hessian(benchmark::State& state, const Network& network) {
  const Problem problem = network.problem();
  const Parameters v = problem.direction(), recorded = problem.record_gradient();
  Parameters product;
  peer::repeat(state, [&] { product = problem.hessian_times(v, recorded); });
  for (const Tensor& part : product) peer::require_finite(state, part);
}

// The chain of engine_benchmark.cpp.
void nodes(benchmark::State& state) {
  constexpr int count = 1000;
  const Tensor a = torch::full({1}, 0.9f).requires_grad_(), b = torch::full({1}, 0.1f).requires_grad_();
  for (auto _ : state) {
    peer::set_gradients_to_none({a, b});
    Tensor x = a;
    for (int i = 0; i < count; ++i) x = i % 3 == 0 ? x * a : i % 3 == 1 ? x + b : torch::tanh(x);
    x.backward();
  }
  peer::require_finite(state, a.grad());
  state.counters["nodes"] = count;
}

void register_all() {
  for (const Network& network : networks()) {
    if (network.name != "784-128-10")  // whose gradient peer_torch.cpp has
      peer::add("torch/gradient/" + network.title(), [=](benchmark::State& state) { gradient(state, network); });
    peer::add("torch/hessian/" + network.title(), [=](benchmark::State& state) { hessian(state, network); });
  }
  peer::add("torch/node/size-1", nodes);
}

memory::Cases memory_cases() {
  memory::Cases cases;
  for (const Network& network : networks()) {
    const auto first = [=] {
      const Problem problem = Network{network.name, network.batch / 8, network.make}.problem();
      problem.gradient();
      problem.hessian_times(problem.direction(), problem.record_gradient());
      // The large products of ours too: what a library keeps after its first is no part of a case.
      for (const int k : {128, 1024}) {
        const Tensor a = torch::ones({1024, k});
        for (const bool transpose : {false, true})
          torch::matmul(transpose ? a.view({k, 1024}).t() : a, a.view({k, 1024}));
      }
    };
    cases.emplace_back("memory/gradient/" + network.title(), [=]() -> std::function<void()> {
      first();
      return [problem = network.problem()] { problem.gradient(); };
    });
    cases.emplace_back("memory/hessian/" + network.title(), [=]() -> std::function<void()> {
      first();
      const Problem problem = network.problem();
      return [problem, v = problem.direction()] { problem.hessian_times(v, problem.record_gradient()); };
    });
  }
  return cases;
}

}  // namespace

int main(int argc, char** argv) {
  peer::settings();
  if (memory::run(argc, argv, memory_cases())) return 0;
  return peer::run(argc, argv, register_all);
}
