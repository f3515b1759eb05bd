// The same steps as step_benchmark.cpp, taken by libtorch: the peer that tools/bench sets beside ours.
//
// A step is zero_grad, forward, loss, backward and optimizer.step() on float32 data that already lie in tensors. What
// libtorch offers for speed in C++ is used: one thread (as ours), gradients set to none rather than filled with zeros,
// labels as int64 (what cross_entropy takes without conversion), subnormal numbers flushed, no hooks, no closure.
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "torch_peer.h"

namespace {

using peer::add, peer::Parameters, peer::require_finite, peer::set_gradients_to_none;

// 784 -> 128 relu -> 10, softmax cross-entropy: the network of the optimizer comparison.
struct Classifier : torch::nn::Module {
  Classifier() {
    hidden = register_module("hidden", torch::nn::Linear(784, 128));
    output = register_module("output", torch::nn::Linear(128, 10));
  }
  torch::Tensor loss(const torch::Tensor& x, const torch::Tensor& labels) {
    return torch::nn::functional::cross_entropy(output(torch::relu(hidden(x))), labels);
  }
  static torch::Tensor input(int batch) { return torch::rand({batch, 784}); }
  static torch::Tensor target(int batch) { return torch::randint(10, {batch}, torch::kInt64); }

  torch::nn::Linear hidden{nullptr}, output{nullptr};
};

// 2 -> 16 tanh -> 1, mean squared error: so small that what a framework costs per operation is all there is to see.
struct Regressor : torch::nn::Module {
  Regressor() {
    hidden = register_module("hidden", torch::nn::Linear(2, 16));
    output = register_module("output", torch::nn::Linear(16, 1));
  }
  torch::Tensor loss(const torch::Tensor& x, const torch::Tensor& y) {
    return torch::mse_loss(output(torch::tanh(hidden(x))), y);
  }
  static torch::Tensor input(int batch) { return torch::rand({batch, 2}) * 2 - 1; }
  static torch::Tensor target(int batch) { return torch::rand({batch, 1}); }

  torch::nn::Linear hidden{nullptr}, output{nullptr};
};

using MakeOptimizer = std::function<std::unique_ptr<torch::optim::Optimizer>(const Parameters&)>;

// Learning rates so small that thousands of repetitions on one batch neither diverge nor end in subnormal gradients.
constexpr double learning_rate = 1e-5;

std::unique_ptr<torch::optim::Optimizer> sgd(const Parameters& parameters) {
  return std::make_unique<torch::optim::SGD>(parameters, torch::optim::SGDOptions(learning_rate));
}
std::unique_ptr<torch::optim::Optimizer> adam(const Parameters& parameters) {
  return std::make_unique<torch::optim::Adam>(parameters, torch::optim::AdamOptions(learning_rate));
}
std::unique_ptr<torch::optim::Optimizer> rmsprop(const Parameters& parameters) {
  return std::make_unique<torch::optim::RMSprop>(parameters, torch::optim::RMSpropOptions(learning_rate));
}

template <class Model>
void step(benchmark::State& state, const MakeOptimizer& make_optimizer, int batch) {
  torch::manual_seed(1);
  Model model;
  const Parameters parameters = model.parameters();
  const auto optimizer = make_optimizer(parameters);
  const torch::Tensor x = Model::input(batch), target = Model::target(batch);
  torch::Tensor loss;
  for (auto _ : state) {
    set_gradients_to_none(parameters);
    loss = model.loss(x, target);
    loss.backward();
    optimizer->step();
  }
  require_finite(state, loss);
  state.SetItemsProcessed(state.iterations() * batch);
}

template <class Model>
void gradient(benchmark::State& state, int batch) {
  torch::manual_seed(1);
  Model model;
  const Parameters parameters = model.parameters();
  const torch::Tensor x = Model::input(batch), target = Model::target(batch);
  torch::Tensor loss;
  for (auto _ : state) {
    set_gradients_to_none(parameters);
    loss = model.loss(x, target);
    loss.backward();
  }
  require_finite(state, loss);
  state.SetItemsProcessed(state.iterations() * batch);
}

// The update alone, gradients given: what part of a step the optimizer is.
template <class Model>
void update(benchmark::State& state, const MakeOptimizer& make_optimizer) {
  torch::manual_seed(1);
  Model model;
  const auto optimizer = make_optimizer(model.parameters());
  model.loss(Model::input(32), Model::target(32)).backward();
  optimizer->step();  // allocates its state
  for (auto _ : state) optimizer->step();
}

// Ten million parameters in one tensor.
void large_update(benchmark::State& state, const MakeOptimizer& make_optimizer) {
  torch::manual_seed(1);
  torch::Tensor theta = torch::ones({10'000'000}).requires_grad_();
  theta.mutable_grad() = torch::randn({10'000'000});
  const auto optimizer = make_optimizer({theta});
  optimizer->step();  // allocates its state
  for (auto _ : state) optimizer->step();
  require_finite(state, theta.detach().sum());
}

void register_all() {
  const std::pair<const char*, MakeOptimizer> optimizers[] = {{"sgd", sgd}, {"adam", adam}, {"rmsprop", rmsprop}};
  for (const int batch : {1, 32, 256}) {
    const std::string size = std::to_string(batch);
    for (const auto& [name, make] : optimizers) {
      add("torch/step/784-128-10/" + std::string(name) + "/" + size,
          [make = make, batch](benchmark::State& state) { step<Classifier>(state, make, batch); });
    }
    add("torch/gradient/784-128-10/" + size, [batch](benchmark::State& state) { gradient<Classifier>(state, batch); });
  }
  for (const auto& [name, make] : optimizers) {
    add("torch/update/784-128-10/" + std::string(name),
        [make = make](benchmark::State& state) { update<Classifier>(state, make); });
    add("torch/update/10M/" + std::string(name), [make = make](benchmark::State& state) { large_update(state, make); });
  }
  add("torch/step/2-16-1/sgd/32", [](benchmark::State& state) { step<Regressor>(state, sgd, 32); });
  add("torch/gradient/2-16-1/32", [](benchmark::State& state) { gradient<Regressor>(state, 32); });
}

}  // namespace

int main(int argc, char** argv) { return peer::run(argc, argv, register_all); }
