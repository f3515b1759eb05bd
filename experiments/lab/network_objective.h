// A network, a loss and the current batch as a function of the parameter vector.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "autodiff/linearization.h"
#include "autodiff/tape.h"
#include "experiments/lab/source.h"
#include "nn/layer.h"
#include "nn/loss.h"
#include "nn/parameters.h"
#include "optim/objective.h"

namespace gradus::lab {

// Offers all of optim::Curvature: products with the Hessian and the Gauss-Newton matrix; labels drawn by
// the model, where the loss's likelihood is known; the gradients' squares, where every layer can tell examples apart
// (autodiff/per_example.h); Kronecker factors of dense layers and convolutions; and for recurrent layers structural
// products J^T J v / n, with J the Jacobian of the hidden states of all steps of a batch of n. All of these see the
// model as in training, with the batch's dropout masks, but change no running statistics.
class NetworkObjective final : public optim::Objective {
 public:
  // `random` feeds dropout, the drawing of labels and the like.
  NetworkObjective(nn::Layer model, nn::Loss loss, DType type, RandomStream random);

  // The batch on which the next evaluations are made; it must stay in place until the next one is set.
  void set_batch(const Batch& batch) { set_batch(batch, batch_number_ + 1); }
  // The same, with the dropout masks of the n-th batch that was set, counted from 1.
  void set_batch(const Batch& batch, std::uint64_t n);
  // The batch for everything but value and gradient, which set_batch does not change. It must stay in place. Without
  // one, set_batch's is used.
  void set_curvature_batch(const Batch& batch);
  // The network's outputs on the tape, which the next evaluation resets.
  struct Outputs {
    Var inputs, outputs, loss;
  };
  Outputs forward(const Tensor& theta, const Batch& batch, nn::Mode mode) {
    return forward(theta, batch, mode, nullptr);
  }

  // What the model's layers show (nn::Forward::observe), with the derivatives of the loss by it.
  struct Inside {
    std::string_view name;
    Tensor value, gradient;
  };
  // Of set_batch's batch at the current point, in the order of the pass; in the objective's memory, valid until the
  // next evaluation. Costs a gradient.
  std::span<const Inside> inside();

  // Of a batch: its examples, and the positions with a label of their own, of which an example may have several.
  static std::int64_t rows_of(const Batch& batch);
  static std::int64_t positions_of(const Batch& batch);

  const nn::ParameterSet& parameters() const { return parameters_; }
  // The state that layers keep beside their parameters, in the order of parameters().buffers().
  std::span<const Tensor> buffers() const { return buffers_; }
  std::int64_t size() const override { return parameters_.size(); }
  DType dtype() const override { return values_.tape.dtype(); }
  std::span<const ParameterSlice> slices() const override { return parameters_.slices(); }
  const optim::Curvature* curvature() const override { return &curvature_; }
  // The numbers of the batches, which choose the masks, and the buffers too; the batches themselves are set anew.
  void visit_memory(optim::StateVisitor& visitor) override;
  // Bytes that the last value or gradient used on its tape.
  std::size_t bytes_used() const { return values_.tape.bytes_used(); }
  // Bytes that the tapes hold: one for value and gradient, one for the rest.
  std::size_t bytes_held() const { return values_.tape.bytes_held() + record_.tape.bytes_held(); }

 protected:
  double compute_value(const Tensor& theta) override;
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override;
  std::int64_t examples() const override { return rows_of(batch_); }
  std::int64_t product_examples() const override { return rows_of(curvature_batch()); }

 private:
  // Views of the parts of a vector, made again only when the vector is another one.
  struct Views {
    std::vector<Tensor> parts;
    const void* memory = nullptr;
    void refresh(const nn::ParameterSet& parameters, const Tensor& vector);
  };
  // A tape with the parameters on it.
  struct Recording {
    explicit Recording(DType type) : tape(type) {}
    Tape tape;
    std::vector<Var> leaves;
    Views theta;
  };

  const Batch& curvature_batch() const { return curvature_batch_ ? *curvature_batch_ : batch_; }
  // Resets the tape and puts the parameters onto it.
  std::span<const Var> put_leaves(Recording& on, const Tensor& theta);
  Outputs record(Tape& tape, nn::Forward& pass, const Batch& batch);
  Outputs forward(const Tensor& theta, const Batch& batch, nn::Mode mode, std::vector<nn::Observed>* observed);
  void offer_curvature();
  // The model at a copy of theta on the record.
  Outputs record_curvature(const Tensor& theta);
  // The record at theta, ready for products.
  Linearization& linearized(const Tensor& theta);
  Linearization& structure(const Tensor& theta);
  // The record with the derivatives by the outputs for labels that the model draws; returns outputs and the number of
  // examples.
  std::pair<Var, std::int64_t> record_sampled(const Tensor& theta, std::uint64_t key);

  nn::Layer model_;
  nn::Loss loss_;
  nn::ParameterSet parameters_;
  RandomStream random_;
  std::uint64_t batch_number_ = 0, curvature_batch_number_ = 0;
  Batch batch_;
  std::optional<Batch> curvature_batch_;
  std::vector<Tensor> buffers_;  // running statistics and the like: updated once a training batch
  bool batch_is_new_ = false;

  Recording values_, record_;
  Views gradient_, result_;
  Tensor record_theta_, scores_;
  std::uint64_t linearized_at_ = 0;  // point_number() of the record's linearisation; 0: it has none
  std::vector<Var> hidden_states_;
  std::vector<nn::Observed> observed_;
  std::vector<Inside> inside_;
  std::vector<Tensor> inside_gradients_;
  std::optional<Linearization> linearization_, structure_;
  optim::Curvature curvature_;
};

}  // namespace gradus::lab
