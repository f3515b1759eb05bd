// A network that solves Poisson's equation by having a small residual (Raissi et al. 2019): -u_xx - u_yy = f on the
// unit square, u = 0 on its edge, with f such that u = sin(pi x) sin(pi y). The edge's values are built in (Lagaris et
// al. 1998).
#pragma once

#include "experiments/workloads/mlp.h"
#include "experiments/workloads/models.h"
#include "experiments/workloads/workload.h"
#include "nn/layer.h"

namespace gradus::workloads {

// Points x[batch, 2] -> [batch, 2]: minus the Laplacian of u, and u = 16 x (1 - x) y (1 - y) inner(x, y), where the
// inner layer gives one number for a point. The derivatives are recorded on the tape, to be differentiated further.
class NegativeLaplacian {
 public:
  explicit NegativeLaplacian(nn::Layer inner) : inner_(std::move(inner)) {}
  void declare(nn::ParameterScope& scope) { inner_.declare(scope); }
  Var forward(nn::Forward& f, const Var& x) const;

 private:
  nn::Layer inner_;
};

struct Poisson {
  static constexpr const char* name = "poisson";
  static constexpr const char* summary =
      "a network whose Laplacian solves Poisson's equation on the unit square (Raissi et al. 2019)";

  Model model = Mlp{.hidden = {32, 32}, .activation = "tanh"};
  lab::Plan plan = {.budget = {lab::steps(2000)}, .evaluate_every = lab::steps(100), .batch_size = 128};

  lab::Workload make(lab::Run& run) const;
};

}  // namespace gradus::workloads
