// Quadratics of which every batch shows a noisy one: models of training whose every expectation is known.
#pragma once

#include <cmath>

#include "experiments/lab/drawn_source.h"
#include "experiments/workloads/workload.h"
#include "nn/layer.h"

namespace gradus::workloads {

// The point of a quadratic: whatever comes in, theta [n], less the centre that is known, comes out for each example.
// With `follows`, inputs [batch, n] are where the minimum was without noise, and the last one seen in training is the
// centre that an evaluation measures from.
class Point {
 public:
  Point(std::int64_t n, nn::Initializer begin, bool follows) : n_(n), begin_(std::move(begin)), follows_(follows) {}
  void declare(nn::ParameterScope& scope);  // "theta" [n], and the buffer "centre" [n]
  Var forward(nn::Forward& f, const Var& x) const;

 private:
  std::int64_t n_;
  nn::Initializer begin_;
  bool follows_;
  nn::ParameterId theta_{"Point"};
  nn::BufferId centre_{"Point"};
};

// The noisy quadratic of Zhang et al. (2019): sum_i h_i theta_i^2 / 2 with h_i = 1/i, whose gradient has noise of the
// variance h_i / B for a batch of B. An example is the mean noise of such a batch; theta begins standard normal. The
// loss of a batch is that of the quadratic and of the noise times theta; validation and test have no noise. With a
// preconditioner H^p theta is seen in the coordinates H^(p/2) theta, in which every method takes its steps as if its
// gradients were multiplied by H^-p in the old ones: curvatures h^(1-p), noise of the variances h^(1-p) / B, and a
// start of h^p.
struct NoisyQuadratic {
  static constexpr const char* name = "noisy-quadratic";
  static constexpr const char* summary =
      "curvatures 1/i and gradient noise of the same variances over the batch (Zhang et al. 2019)";

  std::int64_t dimension = 1000;
  double noise_batch = 1;
  double preconditioner = 0;
  lab::Plan plan = {.budget = {lab::steps(10000)}, .evaluate_every = lab::steps(100), .batch_size = 1};

  lab::Workload make(lab::Run& run) const;
};

// A quadratic with curvatures h_i = 1/i whose minimum moves, by `speed` an example along the diagonal, and is seen with
// noise: the mean of sum_i h_i (theta_i - x_i)^2 / 2 over the x of a batch. Measured is the loss without noise, at the
// place where the minimum was last: after a while gradient descent of rate r lags by speed_i / (r h_i).
struct DriftingQuadratic {
  static constexpr const char* name = "drifting-quadratic";
  static constexpr const char* summary = "curvatures 1/i, a minimum that moves and is seen with noise";

  std::int64_t dimension = 10;
  double speed = 0.01;
  double noise = 0.1;
  lab::Plan plan = {.budget = {lab::steps(10000)}, .evaluate_every = lab::steps(100), .batch_size = 1};

  lab::Workload make(lab::Run& run) const;
};

}  // namespace gradus::workloads
