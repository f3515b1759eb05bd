// The optimizers that libtorch has too: the same steps from the same start on the same network.
#include <string>
#include <vector>

#include "optim/optimizer.h"
#include "tests/optim/problems.h"
#include "tests/peers/torch_bridge.h"

namespace gradus::optim {
namespace {

using nn::Array;
namespace peer = torch::optim;

struct Pair {
  std::string name, ours;
  NamedValues values;
  std::function<std::unique_ptr<peer::Optimizer>(const nn::Arrays&)> theirs;
  friend void PrintTo(const Pair& p, std::ostream* out) { *out << p.name; }
};

template <class Method, class Options>
std::function<std::unique_ptr<peer::Optimizer>(const nn::Arrays&)> with(Options options) {
  return [options](const nn::Arrays& parameters) { return std::make_unique<Method>(parameters, options); };
}

peer::AdamOptions adam(double rate) { return peer::AdamOptions(rate); }
peer::AdamWOptions adamw(double rate) { return peer::AdamWOptions(rate); }
peer::RMSpropOptions rmsprop(double rate, double rho, double epsilon) {
  return peer::RMSpropOptions(rate).alpha(rho).eps(epsilon);
}

const std::vector<Pair>& pairs() {
  static const std::vector<Pair> all{
      {"sgd", "sgd", {{"learning_rate", 0.5}}, with<peer::SGD>(peer::SGDOptions(0.5))},
      {"momentum", "momentum", {{"learning_rate", 0.1}}, with<peer::SGD>(peer::SGDOptions(0.1).momentum(0.9))},
      {"momentum_light",
       "momentum",
       {{"learning_rate", 0.2}, {"momentum", 0.4}},
       with<peer::SGD>(peer::SGDOptions(0.2).momentum(0.4))},
      {"nesterov",
       "nesterov",
       {{"learning_rate", 0.1}},
       with<peer::SGD>(peer::SGDOptions(0.1).momentum(0.9).nesterov(true))},
      {"nesterov_light",
       "nesterov",
       {{"learning_rate", 0.2}, {"momentum", 0.4}},
       with<peer::SGD>(peer::SGDOptions(0.2).momentum(0.4).nesterov(true))},
      {"adam_of_defaults", "adam", {}, with<peer::Adam>(peer::AdamOptions())},
      {"adam", "adam", {{"learning_rate", 0.01}}, with<peer::Adam>(adam(0.01))},
      {"adam_other",
       "adam",
       {{"learning_rate", 0.01}, {"beta1", 0.7}, {"beta2", 0.95}, {"epsilon", 1e-2}},
       with<peer::Adam>(adam(0.01).betas({0.7, 0.95}).eps(1e-2))},
      {"adam_amsgrad",
       "adam",
       {{"learning_rate", 0.02}, {"beta2", 0.9}, {"amsgrad", 1}},
       with<peer::Adam>(adam(0.02).betas({0.9, 0.9}).amsgrad(true))},
      {"amsgrad",
       "amsgrad",
       {{"learning_rate", 0.02}, {"beta1", 0.5}, {"beta2", 0.8}, {"epsilon", 1e-3}},
       with<peer::Adam>(adam(0.02).betas({0.5, 0.8}).eps(1e-3).amsgrad(true))},
      {"adamw_of_defaults", "adamw", {}, with<peer::AdamW>(peer::AdamWOptions())},
      {"adamw",
       "adamw",
       {{"learning_rate", 0.01}, {"weight_decay", 0.4}, {"beta1", 0.8}, {"epsilon", 1e-2}},
       with<peer::AdamW>(adamw(0.01).weight_decay(0.4).betas({0.8, 0.999}).eps(1e-2))},
      {"adamw_amsgrad",
       "adamw",
       {{"learning_rate", 0.02}, {"weight_decay", 0.2}, {"beta2", 0.9}, {"amsgrad", 1}},
       with<peer::AdamW>(adamw(0.02).weight_decay(0.2).betas({0.9, 0.9}).amsgrad(true))},
      {"rmsprop", "rmsprop", {{"learning_rate", 0.002}}, with<peer::RMSprop>(rmsprop(0.002, 0.9, 1e-7))},
      {"rmsprop_momentum",
       "rmsprop",
       {{"learning_rate", 0.002}, {"rho", 0.95}, {"epsilon", 1e-3}, {"momentum", 0.8}},
       with<peer::RMSprop>(rmsprop(0.002, 0.95, 1e-3).momentum(0.8))},
      {"rmsprop_centered",
       "rmsprop",
       {{"learning_rate", 0.002}, {"rho", 0.95}, {"epsilon", 5e-2}, {"centered", 1}},
       with<peer::RMSprop>(rmsprop(0.002, 0.95, 5e-2).centered(true))},
      {"rmsprop_centered_momentum",
       "rmsprop",
       {{"learning_rate", 0.001}, {"rho", 0.95}, {"epsilon", 1e-3}, {"momentum", 0.9}, {"centered", 1}},
       with<peer::RMSprop>(rmsprop(0.001, 0.95, 1e-3).momentum(0.9).centered(true))},
      {"adagrad_of_defaults", "adagrad", {}, with<peer::Adagrad>(peer::AdagradOptions())},
      {"adagrad",
       "adagrad",
       {{"learning_rate", 0.05}, {"initial_accumulator", 0.1}, {"epsilon", 1e-2}},
       with<peer::Adagrad>(peer::AdagradOptions(0.05).initial_accumulator_value(0.1).eps(1e-2))},
  };
  return all;
}

// The network of tanh_network() on libtorch: the parts of theta in its order, and the loss on its batch.
struct PeerNetwork {
  nn::Arrays parameters;
  Array x, y;
  explicit PeerNetwork(const Problem& problem) {
    const Array theta = nn::to_torch(Tensor::of({std::ssize(problem.start)}, problem.start));
    for (const Slice& slice : problem.slices) {
      const std::vector<std::int64_t> shape =
          slice.shape.rank() == 2 ? std::vector{slice.shape[0], slice.shape[1]} : std::vector{slice.shape[0]};
      const Array part = theta.slice(0, slice.offset, slice.offset + slice.size()).reshape(shape);
      parameters.push_back(part.clone().requires_grad_());
    }
    // The seeds of tanh_network().
    x = nn::to_torch(Tensor::of({12, 10}, random_numbers(12 * 10, 4)));
    y = nn::to_torch(Tensor::of({12, 5}, random_numbers(12 * 5, 5)));
  }
  Array loss() const {
    const Array hidden = torch::tanh(torch::addmm(parameters[1], x, parameters[0]));
    return torch::mse_loss(torch::addmm(parameters[3], hidden, parameters[2]), y);
  }
  Array theta() const {
    nn::Arrays parts;
    for (const Array& part : parameters) parts.push_back(part.detach().reshape({-1}));
    return torch::cat(parts);
  }
};

class TorchOptimizers : public testing::TestWithParam<Pair> {};

TEST_P(TorchOptimizers, TakeTheSameSteps) {
  at::set_num_threads(1);
  const Pair& pair = GetParam();
  const Problem problem = tanh_network();
  const auto objective = problem.objective(DType::float64);
  const auto optimizer = make_optimizer(pair.ours, pair.values);
  const Tensor theta = Tensor::of({objective->size()}, problem.start);
  const PeerNetwork network(problem);
  const auto peer = pair.theirs(network.parameters);
  const Array start = network.theta();
  for (int t = 1; t <= 100; ++t) {
    const double loss = optimizer->step(*objective, theta).loss;
    peer->zero_grad();
    const Array their_loss = network.loss();
    their_loss.backward();
    peer->step();
    ASSERT_NEAR(loss, their_loss.item<double>(), 1e-10 * std::max(1.0, loss)) << "at step " << t;
    ASSERT_TRUE(nn::agree(theta, network.theta(), 1e-10)) << "after step " << t;
  }
  EXPECT_FALSE(nn::agree(theta, start, 1e-2)) << "they did not move";
}

INSTANTIATE_TEST_SUITE_P(All, TorchOptimizers, testing::ValuesIn(pairs()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace gradus::optim
