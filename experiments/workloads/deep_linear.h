// A deep linear network whose training is known in closed form (Saxe, McClelland & Ganguli 2014).
#pragma once

#include <vector>

#include "experiments/workloads/workload.h"
#include "nn/layer.h"

namespace gradus::workloads {

// x[batch, n] -> x W_1 .. W_N, all W [n, n], which begin as the same multiple of the identity.
class LinearChain {
 public:
  // `product` of the layers' diagonals, > 0.
  LinearChain(std::int64_t n, std::int64_t layers, double product);
  void declare(nn::ParameterScope& scope);  // "1", "2", .., [n, n]
  Var forward(nn::Forward& f, const Var& x) const;

 private:
  std::int64_t n_;
  nn::Initializer begin_;
  std::vector<nn::ParameterId> weights_;
};

// Inputs are white, and the correlations of inputs and outputs have the singular values s, the modes' strengths:
// example i is sqrt(n) e_i, and sqrt(n) s_i e_i is asked for. The loss is half the squared error, summed over the
// outputs. The layers begin aligned with the modes and balanced, each mode with the product a_0 of its layers: the
// modes do not disturb one another, and under gradient flow, with one hidden layer, each is learnt as
//   a(t) = s e^(2st) / (e^(2st) - 1 + s / a_0),  t = learning_rate * steps,
// half of it at t = ln(s / a_0 - 1) / (2s). Measured is a / s of each mode.
struct DeepLinear {
  static constexpr const char* name = "deep-linear";
  static constexpr const char* summary =
      "a linear network that learns one mode after the other, at times known in closed form (Saxe et al. 2014)";

  std::vector<double> strengths = {5, 2, 1};
  std::int64_t layers = 2;
  double start = 0.001;
  lab::Plan plan = {.budget = {lab::steps(1000)}, .evaluate_every = lab::steps(10), .batch_size = lab::whole_set};

  lab::Workload make(lab::Run& run) const;
};

}  // namespace gradus::workloads
