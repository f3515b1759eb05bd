// A network, a loss and the current batch as a function of the parameter vector.
#pragma once

#include <functional>
#include <vector>

#include "autodiff/tape.h"
#include "experiments/lab/dataset.h"
#include "nn/layers.h"
#include "nn/parameters.h"
#include "optim/objective.h"

namespace gradus::lab {

// (outputs, targets) -> a scalar, e.g. nn::cross_entropy
using Loss = std::function<Var(const Var& outputs, const Var& targets)>;

class NetworkObjective final : public optim::Objective {
 public:
  // `random` feeds dropout and the like.
  NetworkObjective(nn::Layer model, Loss loss, DType type, RandomStream random);

  // The batch on which the next evaluations are made; it must stay in place until the next one is set.
  void set_batch(const Batch& batch);
  // The network's outputs on the tape, which the next evaluation resets.
  struct Outputs {
    Var outputs, loss;
  };
  Outputs forward(const Tensor& theta, const Batch& batch, nn::Mode mode);

  const nn::ParameterSet& parameters() const { return parameters_; }
  // The state that layers keep beside their parameters, in the order of parameters().buffers().
  std::span<const Tensor> buffers() const { return buffers_; }
  std::int64_t size() const override { return parameters_.size(); }
  DType dtype() const override { return tape_.dtype(); }

 protected:
  double compute_value(const Tensor& theta) override;
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override;
  std::int64_t examples() const override { return batch_.labels.size(); }

 private:
  nn::Layer model_;
  Loss loss_;
  nn::ParameterSet parameters_;
  Tape tape_;
  RandomStream random_;
  std::uint64_t batch_number_ = 0;
  Batch batch_;
  std::vector<Tensor> buffers_;  // running statistics and the like: updated once a training batch
  bool batch_is_new_ = false;
  std::vector<Var> leaves_;
  std::vector<Tensor> theta_views_, gradient_views_;
  const void* theta_memory_ = nullptr;
  const void* gradient_memory_ = nullptr;
};

}  // namespace gradus::lab
