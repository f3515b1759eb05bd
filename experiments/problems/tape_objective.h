// A function written on the tape as an objective: value, gradient, Hessian and Gauss-Newton products.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "autodiff/linearization.h"
#include "autodiff/tape.h"
#include "optim/objective.h"

namespace gradus::problems {

// A function's value on the tape and, where its loss is a convex function of them, the outputs that Gauss-Newton
// products are about (all of theta's influence on the loss passes through them).
struct Terms {
  Var loss;
  Var outputs = {};
};

// How a function is recorded, and how it changes from step to step.
struct Formula {
  std::function<Terms(const Var& theta)> record;  // theta [dimension]
  bool has_outputs = false;
  std::int64_t examples = 1;  // that one evaluation looks at
  // Of noisy functions: draws the data of a step, which depend on the step's number alone.
  std::function<void(std::uint64_t step)> draw = nullptr;
};

// The sum of squares of residuals.
Terms sum_of_squares(const Var& residuals);
Formula least_squares(std::function<Var(const Var& theta)> residuals);
Formula plain(std::function<Var(const Var& theta)> loss);

class TapeObjective final : public optim::Objective {
 public:
  TapeObjective(Formula formula, std::int64_t size, DType type);

  std::int64_t size() const override { return size_; }
  DType dtype() const override { return tape_.dtype(); }
  const optim::Curvature* curvature() const override { return &curvature_; }

  // Goes to the data of a step (0, 1, ...); does nothing for a function without noise.
  void set_step(std::uint64_t step);
  bool is_noisy() const { return formula_.draw != nullptr; }
  // The outputs at a point: of a sum of squares, the residuals. Not counted. Throws std::invalid_argument without
  // outputs.
  Tensor outputs(const Tensor& theta);

 protected:
  double compute_value(const Tensor& theta) override;
  double compute_gradient(const Tensor& theta, const Tensor& gradient) override;
  std::int64_t examples() const override { return formula_.examples; }

 private:
  struct Recorded {
    Var theta;
    Terms terms;
  };
  Recorded record(Tape& tape, const Tensor& theta);
  Linearization& linearized(const Tensor& theta);

  Formula formula_;
  std::int64_t size_;
  Tape tape_, product_tape_;  // values and gradients do not disturb the record that products use
  std::optional<Linearization> at_;
  std::uint64_t linearized_at_ = 0;  // point_number() there; 0: nowhere
  optim::Curvature curvature_;
};

}  // namespace gradus::problems
