// The smallest network that is thrown out of a steep place by a large rate, and lands in a flat one (Lewkowycz et al.
// 2020).
#pragma once

#include "experiments/workloads/workload.h"
#include "nn/layer.h"

namespace gradus::workloads {

// x[batch, 1] -> [batch, 2]: the output f = u^T v x / sqrt(n), and the curvature lambda = (|u|^2 + |v|^2) x^2 / n of
// f^2 / 2 where f = 0. It begins with the f and lambda given, in a random direction.
class CatapultNetwork {
 public:
  // Throws std::invalid_argument where no weights have that output: |f| <= sqrt(n) lambda / 2.
  CatapultNetwork(std::int64_t width, double output, double curvature);
  void declare(nn::ParameterScope& scope);  // "weights" [2, width]: u and v
  Var forward(nn::Forward& f, const Var& x) const;

 private:
  std::int64_t width_;
  nn::Initializer begin_;
  nn::ParameterId weights_{"CatapultNetwork"};
};

// One example, x = 1, whose target is 0, and the loss f^2 / 2. With gradient descent both f and lambda follow a
// recursion of their own (Lewkowycz et al., section 2.2):
//   f <- (1 - r lambda + r^2 f^2 / n) f,  lambda <- lambda + r f^2 / n (r lambda - 4).
// Below r lambda = 2 the loss falls and lambda remains; above, up to 4, f rises until lambda has fallen below 2 / r;
// above 4 it diverges.
struct Catapult {
  static constexpr const char* name = "catapult";
  static constexpr const char* summary =
      "two linear layers on one example, thrown by a large rate from a steep place into a flat one (Lewkowycz et al. "
      "2020)";

  std::int64_t width = 1000;
  double output = 1;
  double curvature = 2;
  lab::Plan plan = {.budget = {lab::steps(200)}, .evaluate_every = lab::steps(1), .batch_size = lab::whole_set};

  lab::Workload make(lab::Run& run) const;
};

}  // namespace gradus::workloads
